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

/** A connection of a browser, and the one to the studio behind it. */
interface ProxiedConnection {
  browser: Socket
  studio: Socket
  /** The text that its event stream has delivered; undefined where it has none. */
  delivered: string | undefined
}

/** Starts a proxy on a free port. @param targetPort returns the port of the studio, called with each connection */
export async function startNetProxy(targetPort: () => number): Promise<NetProxy> {
  const connections = new Set<ProxiedConnection>()
  const lastEventIds: string[] = []
  let isDisconnected = false
  const server = createServer(browser => {
    if (isDisconnected) return void browser.destroy()
    const connection = connectToStudio(browser, targetPort())
    connections.add(connection)
    browser.on('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1')
      if (!head.startsWith('GET /api/events')) return
      connection.delivered = ''
      lastEventIds.push(/(?:^last-event-id: |\?lastEventId=)([\d.]*)/im.exec(head)?.[1] ?? '')
    })
    browser.on('close', () => connections.delete(connection))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const listStreams = () => [...connections].filter(({ delivered }) => delivered !== undefined)
  const disconnect = () => {
    isDisconnected = true
    for (const { browser } of connections) browser.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    countStreams: () => listStreams().length,
    lastEventIds,
    countDelivered: text => listStreams().filter(({ delivered }) => delivered?.includes(text)).length,
    silence: () => {
      for (const { browser, studio } of listStreams()) studio.unpipe(browser)
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

function connectToStudio(browser: Socket, port: number): ProxiedConnection {
  const studio = connect(port, '127.0.0.1')
  const connection: ProxiedConnection = { browser, studio, delivered: undefined }
  studio.on('data', (bytes: Buffer) => {
    if (connection.delivered !== undefined) connection.delivered += bytes.toString('latin1')
  })
  for (const [from, other] of [
    [browser, studio],
    [studio, browser],
  ] as const) {
    from.pipe(other)
    from.on('error', () => other.destroy())
    from.on('close', () => other.destroy())
  }
  return connection
}
