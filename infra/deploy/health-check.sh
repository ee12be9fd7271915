#!/bin/bash
# Ends with 0 if the service in this container is ready. By bash alone, which the image has: a runtime that is started for it every few
# seconds takes several times as long.

port=${INGEST_PORT:-${PROCESSOR_PORT:-${QUERY_PORT:-8080}}}
# The Host that the studio is known by, as every request needs it: without user, path and the port that a browser leaves out.
url=${PUBLIC_URL:-http://localhost:${PORT:-3000}}
host=${url#*://}
host=${host%%[/?#]*}
host=${host##*@}
case ${url,,} in
  http://*) host=${host%:80} ;;
  https://*) host=${host%:443} ;;
esac

exec 3<> "/dev/tcp/127.0.0.1/$port" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$host" >&3
read -r -t 4 _ status _ <&3
[[ $status == 200 ]]
