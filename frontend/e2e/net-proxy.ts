import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The cable between browsers and a studio: it can be cut, and it is known which event streams run through it. */
export interface Cable extends AsyncDisposable {
  port: number
  /** How many event streams are open now. */
  streams(): number
  /** What each stream that was opened said it had heard last; empty for one that begins. */
  heard: string[]
  /** Breaks every connection and takes none, until it is joined again. */
  cut(): void
  join(): void
}

/** Lays a cable on this machine. @param to port of the studio, once it has one */
export async function layCable(to: () => number): Promise<Cable> {
  const lines = new Map<Socket, 'stream' | 'other'>()
  const heard: string[] = []
  let isCut = false
  const server = createServer(browser => {
    if (isCut) return void browser.destroy()
    const studio = connect(to(), '127.0.0.1')
    lines.set(browser, 'other')
    browser.on('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1')
      if (!head.startsWith('GET /api/events')) return
      lines.set(browser, 'stream')
      heard.push(/^last-event-id: (.*)\r$/im.exec(head)?.[1] ?? '')
    })
    for (const [from, other] of [
      [browser, studio],
      [studio, browser],
    ] as const) {
      from.pipe(other)
      from.on('error', () => other.destroy())
      from.on('close', () => other.destroy())
    }
    browser.on('close', () => lines.delete(browser))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const line of lines.keys()) line.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    streams: () => [...lines.values()].filter(use => use === 'stream').length,
    heard,
    cut,
    join: () => {
      isCut = false
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
