import { connect, createServer, type Server, type Socket } from 'node:net'

/** A fault of the network between a client and a server. */
export type NetworkFault =
  | { kind: 'none' }
  | { kind: 'latency'; milliseconds: number }
  /** Nothing is delivered, without an error. It is delivered when the fault ends. */
  | { kind: 'black-hole' }
  /** Nothing is delivered, without an error, also later: connections of its time stay silent, and only those after it work. */
  | { kind: 'swallow' }
  /** Present and new connections are reset. */
  | { kind: 'reset' }
  /** Each connection is reset after `afterBytes` bytes of responses. */
  | { kind: 'cut'; afterBytes: number }
  /** On a connection that has sent `after`, the first response with this text is lost: the connection is reset instead. */
  | { kind: 'lost-response'; after: string; response: string }

/** A fault, and from when until when it was set, in ms since 1970; infinity for the present one. */
export interface FaultPeriod {
  kind: NetworkFault['kind']
  from: number
  until: number
}

/** A TCP proxy of a server that forwards byte for byte until it has a fault. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Every fault that was set. */
  readonly faultPeriods: readonly FaultPeriod[]
  /** Returns the number of open connections. */
  connectionCount(): number
  /** Listens on another port, whose connections have the same faults. @returns the port */
  openPort(): Promise<number>
  /** Returns a server's address through this proxy. */
  urlThrough(url: string): string
  /** Sets the fault of present and new connections. */
  setFault(fault: NetworkFault): void
  /** Resolves when a response was lost, after `lost-response` was set. */
  waitForLostResponse(): Promise<void>
}

const LOOPBACK = '127.0.0.1'

interface Connection {
  client: Socket
  server: Socket
  /** Bytes of responses. */
  receivedBytes: number
  /** Whether it has sent the text whose response is to be lost. */
  isTargeted: boolean
  /** Whether it is silent for ever. */
  isSwallowed: boolean
}

interface Network {
  fault: NetworkFault
  faultPeriods: FaultPeriod[]
  connections: Set<Connection>
  faultChanged: PromiseWithResolvers<void>
  responseLost: PromiseWithResolvers<void>
}

/**
 * Starts a proxy of a port.
 *
 * @param hosts address of the proxy, and of the server; loopback unless given
 */
export async function startProxy(port: number, hosts: { proxy?: string; server?: string } = {}): Promise<TcpProxy> {
  const { proxy: host = LOOPBACK, server: serverHost = LOOPBACK } = hosts
  const network: Network = {
    fault: { kind: 'none' },
    faultPeriods: [],
    connections: new Set(),
    faultChanged: Promise.withResolvers(),
    responseLost: Promise.withResolvers(),
  }
  const servers: Server[] = []
  const openPort = async () => {
    const server = createServer(client => openConnection(network, client, { port, host: serverHost }))
    servers.push(server)
    return await listen(server, host)
  }
  const own = await openPort()
  return {
    port: own,
    faultPeriods: network.faultPeriods,
    connectionCount: () => network.connections.size,
    openPort,
    urlThrough: url => Object.assign(new URL(url), { host: `${host}:${own}` }).href,
    setFault: fault => setFault(network, fault),
    waitForLostResponse: () => network.responseLost.promise,
    [Symbol.asyncDispose]: async () => {
      setFault(network, { kind: 'reset' })
      await Promise.all(servers.map(closeServer))
    },
  }
}

function openConnection(network: Network, client: Socket, target: { port: number; host: string }): void {
  client.on('error', () => {})
  if (network.fault.kind === 'reset') return void client.resetAndDestroy()
  const server = connect(target)
  const connection: Connection = {
    client,
    server,
    receivedBytes: 0,
    isTargeted: false,
    isSwallowed: network.fault.kind === 'swallow',
  }
  network.connections.add(connection)
  server.on('error', () => resetConnection(network, connection))
  forwardData(network, connection, client, server)
  forwardData(network, connection, server, client)
}

/** Forwards chunks in order, each when the fault allows it. */
function forwardData(network: Network, connection: Connection, from: Socket, to: Socket): void {
  let before = Promise.resolve()
  const next = (step: () => Promise<void> | void) => {
    before = before.then(step).catch(() => resetConnection(network, connection))
  }
  from.on('data', (chunk: Buffer) => {
    const at = performance.now()
    next(async () => {
      await waitForDelivery(network, at)
      if (connection.isSwallowed) return
      if (shouldForward(network, connection, from, chunk)) to.write(chunk)
      else resetConnection(network, connection)
    })
  })
  from.on('end', () => next(() => void (connection.isSwallowed || to.end())))
  from.on('close', () => {
    next(() => {
      // The end of a client is told to the server all the same: it holds no connection that no test can reach.
      if (connection.isSwallowed && from === connection.server) return
      network.connections.delete(connection)
      to.destroy()
    })
  })
}

async function waitForDelivery(network: Network, sentAt: number): Promise<void> {
  while (network.fault.kind === 'black-hole') await network.faultChanged.promise
  if (network.fault.kind !== 'latency') return
  const wait = sentAt + network.fault.milliseconds - performance.now()
  if (wait > 0) await Bun.sleep(wait)
}

/** Returns whether a chunk is forwarded. Otherwise its connection is reset. */
function shouldForward(network: Network, connection: Connection, from: Socket, chunk: Buffer): boolean {
  const { fault } = network
  const lostResponse = fault.kind === 'lost-response' ? fault : undefined
  if (from === connection.client) {
    connection.isTargeted ||= lostResponse !== undefined && chunk.includes(lostResponse.after)
    return true
  }
  if (lostResponse && connection.isTargeted && chunk.includes(lostResponse.response)) {
    setFault(network, { kind: 'none' })
    network.responseLost.resolve()
    return false
  }
  connection.receivedBytes += chunk.byteLength
  return fault.kind !== 'cut' || connection.receivedBytes <= fault.afterBytes
}

async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  await promise
}

function setFault(network: Network, fault: NetworkFault): void {
  recordFault(network, fault)
  network.fault = fault
  if (fault.kind === 'lost-response') network.responseLost = Promise.withResolvers()
  for (const connection of network.connections) {
    if (fault.kind === 'reset') resetConnection(network, connection)
    if (fault.kind === 'swallow') connection.isSwallowed = true
    connection.receivedBytes = 0
  }
  network.faultChanged.resolve()
  network.faultChanged = Promise.withResolvers()
}

function recordFault({ faultPeriods }: Network, { kind }: NetworkFault): void {
  const now = Date.now()
  const last = faultPeriods.at(-1)
  if (last) last.until = Math.min(last.until, now)
  if (kind !== 'none') faultPeriods.push({ kind, from: now, until: Number.POSITIVE_INFINITY })
}

function resetConnection(network: Network, connection: Connection): void {
  network.connections.delete(connection)
  connection.client.resetAndDestroy()
  connection.server.resetAndDestroy()
}

async function listen(server: Server, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(0, host, resolve)
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return address.port
}

/** Returns whether a port accepts connections. @param host loopback unless given */
export async function acceptsConnections(port: number, host = LOOPBACK): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, host)
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  const isAccepted = await promise
  socket.destroy()
  return isAccepted
}
