import { createSocket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { readErrorCode } from '../../src/runtime/error-code.ts'

const LOOPBACK = '127.0.0.1'

/**
 * Range of the ports that are tried. It lies below the ephemeral ranges of the systems (Linux from 32768, gVisor from 16000,
 * macOS from 49152): a port from those is sometimes taken by an unrelated connection between being found and being listened on.
 * It lies above 10080, which browsers refuse.
 */
const RANGE = { lowest: 11_000, highest: 15_999 }

/** Finds a free port of the loopback interface, as `findFreePorts` does. @throws if there is none */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1)
  return port ?? 0
}

/**
 * Finds distinct free ports of the loopback interface, and claims them: no later search of this or another process finds them, or
 * tries them, while this process runs. So a server may be started there much later, and again after it has stopped.
 *
 * @throws if there are fewer than `count`
 */
export async function findFreePorts(count: number, range = RANGE): Promise<number[]> {
  const ports: number[] = []
  for (const port of iterateFromRandomStart(range)) {
    if (ports.length === count) break
    if ((await claim(port)) && (await isPortFree(port, LOOPBACK))) ports.push(port)
  }
  if (ports.length < count)
    throw new Error(`There are no ${count} free ports from ${range.lowest} to ${range.highest}.`)
  return ports
}

/**
 * Claims a port by the UDP port of the same number, which nothing else here uses and which is free again when this process ends.
 *
 * @returns false if another search has claimed it
 */
async function claim(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createSocket('udp4')
  socket.once('error', () => resolve(false))
  socket.bind({ port, address: LOOPBACK, exclusive: true }, () => resolve(true))
  const isClaimed = await promise
  // A claim keeps no process running.
  if (isClaimed) socket.unref()
  return isClaimed
}

/** Yields every number of a range once, from a random start, so that concurrent searches try different ports. */
function* iterateFromRandomStart({ lowest, highest }: typeof RANGE): Generator<number> {
  const count = highest - lowest + 1
  const first = Math.floor(Math.random() * count)
  for (let step = 0; step < count; step += 1) yield lowest + ((first + step) % count)
}

/** A port that no other process can take until it is released. Connections to it are closed meanwhile. */
export interface ReservedPort {
  port: number
  release(): Promise<void>
}

/** Reserves the given port, or the first free one after it. @returns undefined if none of a hundred ports is free */
export async function reservePortFrom(port: number, host: string): Promise<ReservedPort | undefined> {
  for (let candidate = port; candidate < port + 100 && candidate <= 65_535; candidate++) {
    const server = await listen(candidate, host).catch(() => undefined)
    if (server && (await isFreeForBrowsers(candidate))) return { port: candidate, release: () => close(server) }
    if (server) await close(server)
  }
  return undefined
}

/** Checks that no server listens on the port of ::1, which browsers try first for localhost. */
async function isFreeForBrowsers(port: number): Promise<boolean> {
  return await isPortFree(port, '::1', ['EADDRNOTAVAIL', 'EAFNOSUPPORT'])
}

/** Checks that no server listens on a port of a host. */
export async function isPortFree(port: number, host: string, harmless: string[] = []): Promise<boolean> {
  try {
    await close(await listen(port, host))
    return true
  } catch (error) {
    return harmless.includes(readErrorCode(error) ?? '')
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
