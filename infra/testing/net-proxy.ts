import { connect, createServer, type Server, type Socket } from 'node:net'

/** What a network does to those who speak across it. */
export type Trouble =
  | { kind: 'none' }
  | { kind: 'latency'; milliseconds: number }
  /** Nothing arrives any more, and nobody is told. What was under way arrives when this is over. */
  | { kind: 'black-hole' }
  /** Whoever is connected, or connects, is cut off. */
  | { kind: 'reset' }
  /** Each connection is cut off once so many bytes have come back through it. */
  | { kind: 'cut'; afterBytes: number }
  /** On the connection on which `after` was said, an answer with this text does not arrive, once: it is cut off instead. */
  | { kind: 'lost-answer'; after: string; answer: string }

/** Stands between somebody and a server, byte for byte, until there is trouble. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** A server's address as it is by way of this proxy. */
  through(url: string): string
  /** From now on, for those who are connected as well. */
  set(trouble: Trouble): void
  /** Resolves when an answer was lost, after `lost-answer` was set. */
  lost(): Promise<void>
}

interface Line {
  client: Socket
  server: Socket
  /** Bytes that came back to the client. */
  came: number
  /** Something was said on it of which the answer is to be lost. */
  isMarked: boolean
}

interface Network {
  trouble: Trouble
  lines: Set<Line>
  changed: PromiseWithResolvers<void>
  lost: PromiseWithResolvers<void>
}

/** Starts a proxy before a port of loopback. */
export async function startProxy(port: number): Promise<TcpProxy> {
  const network: Network = {
    trouble: { kind: 'none' },
    lines: new Set(),
    changed: Promise.withResolvers(),
    lost: Promise.withResolvers(),
  }
  const server = createServer(client => open(network, client, port))
  const own = await listen(server)
  return {
    port: own,
    through: url => Object.assign(new URL(url), { host: `127.0.0.1:${own}` }).href,
    set: trouble => change(network, trouble),
    lost: () => network.lost.promise,
    [Symbol.asyncDispose]: async () => {
      change(network, { kind: 'reset' })
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      await promise
    },
  }
}

function open(network: Network, client: Socket, port: number): void {
  client.on('error', () => {})
  if (network.trouble.kind === 'reset') return void client.resetAndDestroy()
  const server = connect(port, '127.0.0.1')
  const line: Line = { client, server, came: 0, isMarked: false }
  network.lines.add(line)
  server.on('error', () => cut(network, line))
  carry(network, line, client, server)
  carry(network, line, server, client)
}

/** Passes on what comes, in order, each piece when it may arrive. */
function carry(network: Network, line: Line, from: Socket, to: Socket): void {
  let before = Promise.resolve()
  const next = (step: () => Promise<void> | void) => {
    before = before.then(step).catch(() => cut(network, line))
  }
  from.on('data', (chunk: Buffer) => {
    const at = performance.now()
    next(async () => {
      await arrival(network, at)
      if (isSpared(network, line, from, chunk)) to.write(chunk)
      else cut(network, line)
    })
  })
  from.on('end', () => next(() => void to.end()))
  from.on('close', () => {
    next(() => {
      network.lines.delete(line)
      to.destroy()
    })
  })
}

async function arrival(network: Network, sentAt: number): Promise<void> {
  while (network.trouble.kind === 'black-hole') await network.changed.promise
  if (network.trouble.kind !== 'latency') return
  const wait = sentAt + network.trouble.milliseconds - performance.now()
  if (wait > 0) await Bun.sleep(wait)
}

/** Whether a piece may go on; if not its connection is cut off. */
function isSpared(network: Network, line: Line, from: Socket, chunk: Buffer): boolean {
  const { trouble } = network
  const hears = trouble.kind === 'lost-answer' ? trouble : undefined
  if (from === line.client) {
    line.isMarked ||= hears !== undefined && chunk.includes(hears.after)
    return true
  }
  if (hears && line.isMarked && chunk.includes(hears.answer)) {
    change(network, { kind: 'none' })
    network.lost.resolve()
    return false
  }
  line.came += chunk.byteLength
  return trouble.kind !== 'cut' || line.came <= trouble.afterBytes
}

function change(network: Network, trouble: Trouble): void {
  network.trouble = trouble
  if (trouble.kind === 'lost-answer') network.lost = Promise.withResolvers()
  for (const line of network.lines) {
    if (trouble.kind === 'reset') cut(network, line)
    line.came = 0
  }
  network.changed.resolve()
  network.changed = Promise.withResolvers()
}

function cut(network: Network, line: Line): void {
  network.lines.delete(line)
  line.client.resetAndDestroy()
  line.server.resetAndDestroy()
}

async function listen(server: Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return address.port
}
