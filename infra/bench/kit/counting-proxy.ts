import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy before a server on this machine that counts the bytes of its responses. */
export interface CountingProxy extends AsyncDisposable {
  /** The server's URL, through the proxy. */
  url: string
  /** Returns the bytes that the server has sent so far. */
  bytes(): number
}

/** Starts a proxy. @param url URL of the server, with its port */
export async function openCountingProxy(url: string): Promise<CountingProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let bytes = 0
  const listener = createServer(client => {
    const server = connect(Number(target.port), target.hostname)
    sockets.add(client).add(server)
    server.on('data', (data: Buffer) => {
      bytes += data.byteLength
    })
    server.on('error', () => client.destroy())
    client.on('error', () => server.destroy())
    client.pipe(server).pipe(client)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href,
    bytes: () => bytes,
    [Symbol.asyncDispose]: async () => {
      listener.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
