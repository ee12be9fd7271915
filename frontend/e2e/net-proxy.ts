import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The cable between browsers and a studio: it can be cut, and it is known which event streams run through it. */
export interface NetProxy extends AsyncDisposable {
  port: number
  /** How many event streams are open now. */
  countStreams(): number
  /** What each stream that was opened said it had heard last; empty for one that begins. */
  lastEventIds: string[]
  /** Breaks every connection and takes none, until it is joined again. */
  disconnect(): void
  reconnect(): void
}

/** Lays a cable on this machine. @param targetPort port of the studio, once it has one */
export async function startNetProxy(targetPort: () => number): Promise<NetProxy> {
  const sockets = new Map<Socket, 'stream' | 'other'>()
  const lastEventIds: string[] = []
  let isDisconnected = false
  const server = createServer(browser => {
    if (isDisconnected) return void browser.destroy()
    const studio = connect(targetPort(), '127.0.0.1')
    sockets.set(browser, 'other')
    browser.on('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1')
      if (!head.startsWith('GET /api/events')) return
      sockets.set(browser, 'stream')
      lastEventIds.push(/^last-event-id: (.*)\r$/im.exec(head)?.[1] ?? '')
    })
    for (const [from, other] of [
      [browser, studio],
      [studio, browser],
    ] as const) {
      from.pipe(other)
      from.on('error', () => other.destroy())
      from.on('close', () => other.destroy())
    }
    browser.on('close', () => sockets.delete(browser))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const disconnect = () => {
    isDisconnected = true
    for (const socket of sockets.keys()) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    countStreams: () => [...sockets.values()].filter(use => use === 'stream').length,
    lastEventIds,
    disconnect,
    reconnect: () => {
      isDisconnected = false
    },
    [Symbol.asyncDispose]: async () => {
      disconnect()
      server.close()
      await once(server, 'close')
    },
  }
}
