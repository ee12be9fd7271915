import { createServer, type Socket } from 'node:net'
import {
  readAll,
  SafeGetError,
  type SafeGetOptions,
  type SafeResponse,
  safeGet,
} from '../src/http/safe-get/safe-get.ts'

export const neverAborted = new AbortController().signal

const DNS_RECORDS: Record<string, readonly string[]> = {
  'public.example': ['93.184.215.14'],
  'mixed.example': ['93.184.215.14', '10.0.0.1'],
  'inside.example': ['127.0.0.1'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'nowhere.example': [],
}

/** Returns options for tests that must not leave the machine: only the names above resolve. */
export function testOptions(): SafeGetOptions {
  const resolve = async (name: string) => DNS_RECORDS[name] ?? Promise.reject(new Error('getaddrinfo ENOTFOUND'))
  return { maxBytes: 1_000_000, deadlineMs: 60_000, signal: neverAborted, resolve }
}

export function optionsAllowing(allowOrigins: readonly string[], more: Partial<SafeGetOptions> = {}): SafeGetOptions {
  return { ...testOptions(), allowOrigins, ...more }
}

export async function readText(response: SafeResponse): Promise<string> {
  return new TextDecoder().decode(await readAll(response, neverAborted))
}

/** Fetches and reads a whole body. @returns the code of the error, or `nothing` */
export async function fetchErrorCode(address: string, options: SafeGetOptions = testOptions()): Promise<string> {
  return await catchErrorCode(safeGet(address, options).then(response => readAll(response, neverAborted)))
}

export async function catchErrorCode(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    error => error,
  )
  if (error === undefined) return 'nothing'
  return error instanceof SafeGetError ? error.code : String(error)
}

export async function fetchError(address: string, options: SafeGetOptions): Promise<SafeGetError> {
  const error = await safeGet(address, options).then(
    () => undefined,
    error => error,
  )
  if (error instanceof SafeGetError) return error
  throw new Error('expected a SafeGetError')
}

/** Starts an HTTP server on loopback that is reached by a name. */
export async function startHttpServer(respond: (request: Request) => Response) {
  const requests: { path: string; headers: Record<string, string> }[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: request => {
      // Recorded at once: Bun empties a request that was answered.
      requests.push({ path: new URL(request.url).pathname, headers: Object.fromEntries(request.headers) })
      return respond(request)
    },
  })
  const origin = `http://inside.example:${server.port}`
  return { origin, requests, at: (path: string) => origin + path, [Symbol.asyncDispose]: () => server.stop(true) }
}

/** Starts a TCP server that answers every connection with what `respond` writes. */
export async function startTcpServer(respond: (socket: Socket) => unknown) {
  const [listening, requested, disconnected] = [0, 1, 2].map(() => Promise.withResolvers<void>()) as [
    Deferred,
    Deferred,
    Deferred,
  ]
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => disconnected.resolve())
    socket.once('data', () => {
      requested.resolve()
      respond(socket)
    })
  })
  server.listen(0, '127.0.0.1', () => listening.resolve())
  await listening.promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the TCP server has no port')
  return {
    origin: `http://inside.example:${address.port}`,
    requested: requested.promise,
    disconnected: disconnected.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

type Deferred = PromiseWithResolvers<void>
