import { type S3Endpoint, TEST_CREDENTIALS } from './s3-server.ts'

/** Starts a TCP server that writes the text to every connection, and then closes it or stays silent. */
export function startRawServer(
  text: string,
  then: 'close' | 'silence',
): AsyncDisposable & { endpoint: S3Endpoint; closed: Promise<void> } {
  const closed = Promise.withResolvers<void>()
  const server = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      data: socket => {
        if (text !== '') socket.write(text)
        if (then === 'close') socket.end()
      },
      close: () => closed.resolve(),
    },
  })
  const endpoint = { ...TEST_CREDENTIALS, endpoint: `http://127.0.0.1:${server.port}` }
  return { endpoint, closed: closed.promise, [Symbol.asyncDispose]: async () => server.stop(true) }
}
