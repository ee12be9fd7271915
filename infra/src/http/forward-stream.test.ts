import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { forwardStream } from './forward-stream.ts'

const CHUNK = new Uint8Array(65_536)

test('does not close the connection of a client that waits for a slow source for longer than the timeout', async () => {
  // Bun looks at timeouts every four seconds, and a write does not restart them.
  const pauses = [100, 6_500, 100]
  const source = new ReadableStream<Uint8Array>({
    pull: async controller => {
      const pause = pauses.shift()
      if (pause === undefined) return controller.close()
      await Bun.sleep(pause)
      controller.enqueue(CHUNK)
    },
  })
  await using server = serve(source)
  expect((await (await fetch(server.url)).bytes()).byteLength).toBe(3 * CHUNK.byteLength)
})

test('closes the connection of a client that reads nothing, and cancels the source', async () => {
  const cancelled = Promise.withResolvers<boolean>()
  const source = new ReadableStream<Uint8Array>({
    pull: controller => controller.enqueue(CHUNK),
    cancel: () => cancelled.resolve(true),
  })
  await using server = serve(source)
  const socket = connect(server.port ?? 0, '127.0.0.1').pause()
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await cancelled.promise).toBe(true)
  socket.destroy()
})

function serve(source: ReadableStream<Uint8Array>) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 2,
    fetch: (request, server) =>
      new Response(forwardStream(source, waitingFor => server.timeout(request, waitingFor === 'source' ? 0 : 1))),
  })
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop(true) })
}
