import { createServer, type Server } from 'node:net'

const LOOPBACK = '127.0.0.1'

/**
 * Where free ports are looked for. Systems give the ports of outgoing connections, and those that a program asks for
 * as "any", from higher ranges (Linux from 32768, gVisor from 16000, macOS from 49152): a port from there is sometimes
 * taken by a stranger between being found and being listened on. Browsers refuse 10080.
 */
const [MIN_PORT, MAX_PORT] = [11_000, 15_999]

/** A port of the loopback interface that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1)
  return port ?? 0
}

/** So many of them, each another one. @throws if there are not so many */
export async function findFreePorts(count: number): Promise<number[]> {
  // All are held until the last is found, or the same one could come twice.
  const servers: Server[] = []
  for (const port of iterateFromRandomStart(MIN_PORT, MAX_PORT)) {
    if (servers.length === count) break
    const server = await listen(port, LOOPBACK).catch(() => undefined)
    if (server) servers.push(server)
  }
  const ports = servers.map(getPort)
  await Promise.all(servers.map(close))
  if (servers.length < count) throw new Error(`There are no ${count} free ports from ${MIN_PORT} to ${MAX_PORT}.`)
  return ports
}

/** Every number of a range once, from a random one round, so that those who look at the same time look elsewhere. */
function* iterateFromRandomStart(lowest: number, highest: number): Generator<number> {
  const count = highest - lowest + 1
  const first = Math.floor(Math.random() * count)
  for (let step = 0; step < count; step += 1) yield lowest + ((first + step) % count)
}

/** A port that nobody else can take until it is released. Whoever comes there meanwhile is turned away. */
export interface ReservedPort {
  port: number
  release(): Promise<void>
}

/** Holds the given port if it is free, else the first free one after it; undefined if none of the next hundred is. */
export async function reservePortFrom(port: number, host: string): Promise<ReservedPort | undefined> {
  for (let candidate = port; candidate < port + 100 && candidate <= 65_535; candidate++) {
    const server = await listen(candidate, host).catch(() => undefined)
    if (server && (await isFreeForBrowsers(candidate))) return { port: candidate, release: () => close(server) }
    if (server) await close(server)
  }
  return undefined
}

/** A browser that is sent to localhost tries ::1 first, and would meet whoever listens there. */
async function isFreeForBrowsers(port: number): Promise<boolean> {
  return await isFree(port, '::1', ['EADDRNOTAVAIL', 'EAFNOSUPPORT'])
}

async function isFree(port: number, host: string, harmless: string[] = []): Promise<boolean> {
  try {
    await close(await listen(port, host))
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && harmless.includes(String(error.code))
  }
}

function listen(port: number, host: string): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  const server = createServer(socket => socket.destroy())
  server.once('error', reject)
  server.listen({ port, host }, () => resolve(server))
  return promise
}

function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  return promise
}

function getPort(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
