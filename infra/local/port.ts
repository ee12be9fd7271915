import { createServer, type Server } from 'node:net'

const LOOPBACK = '127.0.0.1'

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port ?? 0
}

/** So many of them, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is found, or the same one could come twice.
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, LOOPBACK)))
  const ports = servers.map(server => portOf(server))
  await Promise.all(servers.map(close))
  return ports
}

/** A port that nobody else can take until it is released. Whoever comes there meanwhile is turned away. */
export interface HeldPort {
  port: number
  release(): Promise<void>
}

/** Holds the given port if it is free, else the first free one after it; undefined if none of the next hundred is. */
export async function holdPortFrom(port: number, host: string): Promise<HeldPort | undefined> {
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

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
