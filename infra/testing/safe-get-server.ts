import { createServer, type Socket } from 'node:net'
import {
  readAll,
  SafeGetError,
  type SafeGetOptions,
  type SafeResponse,
  safeGet,
} from '../src/http/safe-get/safe-get.ts'

export const never = new AbortController().signal

const NAMES: Record<string, readonly string[]> = {
  'public.example': ['93.184.215.14'],
  'mixed.example': ['93.184.215.14', '10.0.0.1'],
  'inside.example': ['127.0.0.1'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'nowhere.example': [],
}

/** The options of a test that must never leave the machine: names are known here or not at all. */
export function options(): SafeGetOptions {
  const resolve = async (name: string) => NAMES[name] ?? Promise.reject(new Error('getaddrinfo ENOTFOUND'))
  return { maxBytes: 1_000_000, deadlineMs: 5_000, signal: never, resolve }
}

export function allowing(allowOrigins: readonly string[], more: Partial<SafeGetOptions> = {}): SafeGetOptions {
  return { ...options(), allowOrigins, ...more }
}

export async function textOf(response: SafeResponse): Promise<string> {
  return new TextDecoder().decode(await readAll(response, never))
}

/** How fetching and reading a body whole ends: in an error's code, or in `nothing`. */
export async function codeOf(address: string, how: SafeGetOptions = options()): Promise<string> {
  return await codeThrown(safeGet(address, how).then(response => readAll(response, never)))
}

export async function codeThrown(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    error => error,
  )
  if (error === undefined) return 'nothing'
  return error instanceof SafeGetError ? error.code : String(error)
}

export async function errorOf(address: string, how: SafeGetOptions): Promise<SafeGetError> {
  const error = await safeGet(address, how).then(
    () => undefined,
    error => error,
  )
  if (error instanceof SafeGetError) return error
  throw new Error('expected a SafeGetError')
}

/** An HTTP server on loopback, reached by a name. */
export async function serving(answer: (request: Request) => Response) {
  const requests: { path: string; headers: Record<string, string> }[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: request => {
      // Noted at once: Bun empties a request that was answered.
      requests.push({ path: new URL(request.url).pathname, headers: Object.fromEntries(request.headers) })
      return answer(request)
    },
  })
  const origin = `http://inside.example:${server.port}`
  return { origin, requests, at: (path: string) => origin + path, [Symbol.asyncDispose]: () => server.stop(true) }
}

/** A TCP server that answers anything with whatever `answer` writes. */
export async function answering(answer: (socket: Socket) => unknown) {
  const [listening, asked, disconnected] = [0, 1, 2].map(() => Promise.withResolvers<void>()) as [Gate, Gate, Gate]
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => disconnected.resolve())
    socket.once('data', () => {
      asked.resolve()
      answer(socket)
    })
  })
  server.listen(0, '127.0.0.1', () => listening.resolve())
  await listening.promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    origin: `http://inside.example:${address.port}`,
    asked: asked.promise,
    disconnected: disconnected.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

type Gate = PromiseWithResolvers<void>
