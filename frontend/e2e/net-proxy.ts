import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy between browsers and a studio. It can be disconnected, and it counts the event streams. */
export interface NetProxy extends AsyncDisposable {
  port: number
  /** Returns the number of open event streams. */
  countStreams(): number
  /** The id after which each event stream was opened, by its header or its address; empty for one without. */
  lastEventIds: string[]
  /** Returns the number of open event streams that have delivered a text. */
  countDelivered(text: string): number
  /** Delivers nothing more on the event streams that are open, and leaves them open. */
  silence(): void
  /** Closes every connection and refuses new ones until `reconnect`. */
  disconnect(): void
  reconnect(): void
}

/** Starts a proxy on a free port. @param targetPort returns the port of the studio, called with each connection */
export async function startNetProxy(targetPort: () => number): Promise<NetProxy> {
  const sockets = new Map<Socket, 'stream' | 'other'>()
  const studios = new Map<Socket, Socket>()
  const delivered = new Map<Socket, string>()
  const lastEventIds: string[] = []
  let isDisconnected = false
  const server = createServer(browser => {
    if (isDisconnected) return void browser.destroy()
    const studio = connect(targetPort(), '127.0.0.1')
    sockets.set(browser, 'other')
    studios.set(browser, studio)
    browser.on('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1')
      if (!head.startsWith('GET /api/events')) return
      sockets.set(browser, 'stream')
      delivered.set(browser, '')
      lastEventIds.push(/(?:^last-event-id: |\?lastEventId=)([\d.]*)/im.exec(head)?.[1] ?? '')
    })
    studio.on('data', (bytes: Buffer) => {
      const before = delivered.get(browser)
      if (before !== undefined) delivered.set(browser, before + bytes.toString('latin1'))
    })
    for (const [from, other] of [
      [browser, studio],
      [studio, browser],
    ] as const) {
      from.pipe(other)
      from.on('error', () => other.destroy())
      from.on('close', () => other.destroy())
    }
    browser.on('close', () => {
      sockets.delete(browser)
      studios.delete(browser)
      delivered.delete(browser)
    })
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
    countDelivered: text => [...delivered.values()].filter(all => all.includes(text)).length,
    silence: () => {
      for (const [browser, studio] of studios) if (sockets.get(browser) === 'stream') studio.unpipe(browser)
    },
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
