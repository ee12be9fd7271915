import { createServer, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import type { Behavior, BehaviorChange } from './behavior.ts'
import type { RequestLog } from './request-log.ts'
import { sendJson } from './responses.ts'
import { handleRequest } from './routes.ts'
import { createProviderState, type ProviderState } from './state.ts'

/** The tests' provider while it runs. What its methods do, `POST /control` and `GET /log` do for another process. */
export interface FakeProviderServer extends AsyncDisposable {
  /** Where it is reached, and the origin of its files. */
  readonly url: string
  readonly behavior: Behavior
  readonly requestLog: RequestLog
  /** Behaves otherwise from now on; what is not named stays. */
  setBehavior(change: BehaviorChange): void
  /** Behaves well again and empties the journal. */
  reset(): void
  /** Holds every file back that is asked for, until they are released. */
  holdFiles(): void
  releaseFiles(): void
  /** Waits until the journal says so. @throws TimeoutError after `milliseconds` (5,000 unless said) */
  waitForRequests(test: (requestLog: RequestLog) => boolean, milliseconds?: number): Promise<void>
}

/**
 * Starts the tests' provider: a real HTTP server that takes predictions and serves their files as Replicate does, in every
 * way that a provider can behave and misbehave (`Behaviour`).
 *
 * @param options.port on loopback; any free one unless said
 */
export async function startFakeProvider(options: { port?: number } = {}): Promise<FakeProviderServer> {
  const server = createServer()
  const state = createProviderState(await listen(server, options.port ?? 0))
  server.on('request', (request, response) => {
    const closed = new AbortController()
    response.once('close', () => closed.abort())
    handleRequest(state, { request, response, signal: closed.signal }).catch(error => sendError(response, error))
  })
  return createControl(state, server)
}

function createControl(state: ProviderState, server: Server): FakeProviderServer {
  return {
    url: state.url,
    get behavior() {
      return state.behavior
    },
    get requestLog() {
      return state.requestLog
    },
    setBehavior: state.setBehavior,
    reset: state.reset,
    holdFiles: () => state.setBehavior({ holdFiles: true }),
    releaseFiles: () => state.setBehavior({ holdFiles: false }),
    waitForRequests: (test, milliseconds = 5_000) =>
      state.waitUntil(() => test(state.requestLog), AbortSignal.timeout(milliseconds)),
    [Symbol.asyncDispose]: () => close(server),
  }
}

async function listen(server: Server, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the fake provider has no port')
  return `http://127.0.0.1:${address.port}`
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}

/** What it cannot read is the asker's mistake. An answer that was begun can only be broken off. */
function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  sendJson(response, 422, { detail: error instanceof Error ? error.message : String(error) })
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })
  const fake = await startFakeProvider({ port: Number(values.port) })
  process.stdout.write(`${fake.url}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => fake[Symbol.asyncDispose]())
}
