const PROTOCOLS: readonly string[] = ['nats:', 'tls:']

/** A comma before the next address. One in a password is none. */
const SEPARATOR = /,(?=\s*(?:nats:\/\/|tls:\/\/|$))/

/** Returns the addresses of the servers of one bus, which are separated by commas. @throws TypeError if one is no URL */
export function splitBusUrls(list: string): URL[] {
  return list
    .split(SEPARATOR)
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(text => new URL(text))
}

/** Returns whether a text is a list of addresses of the bus. */
export function isBusUrlList(list: string): boolean {
  try {
    const urls = splitBusUrls(list)
    return urls.length > 0 && urls.every(isBusUrl)
  } catch {
    return false
  }
}

/** @throws URIError if the user or the password has a `%` that escapes nothing */
function isBusUrl({ protocol, host, username, password }: URL): boolean {
  for (const text of [username, password]) decodeURIComponent(text)
  return PROTOCOLS.includes(protocol) && host !== ''
}

/** Returns the hosts of a list of addresses, for logs: without users and passwords. */
export function listBusHosts(list: string): string {
  return splitBusUrls(list)
    .map(({ host }) => host)
    .join(',')
}
