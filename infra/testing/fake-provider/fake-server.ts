import { createServer, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { closeServer, listenLocally } from '../local-server.ts'
import type { Behavior, BehaviorChange } from './behavior.ts'
import type { RequestLog } from './request-log.ts'
import { sendJson } from './responses.ts'
import { handleRequest } from './routes.ts'
import { createProviderState, type ProviderState } from './state.ts'

/** The running fake provider. `POST /control` and `GET /log` do the same as its methods for other processes. */
export interface FakeProviderServer extends AsyncDisposable {
  /** Its address, and the origin of its files. */
  readonly url: string
  readonly behavior: Behavior
  readonly requestLog: RequestLog
  /** Input images of `STUDIO_MODEL` and `VIDEO_MODEL` by their sha256, as they arrived. */
  readonly inputs: ReadonlyMap<string, Uint8Array>
  /** Changes the behavior. What is not given stays. */
  setBehavior(change: BehaviorChange): void
  /** Restores the default behavior and empties the request log. */
  reset(): void
  /** Delays every requested file until `releaseFiles`. */
  holdFiles(): void
  releaseFiles(): void
  /** Waits until the request log matches. @throws TimeoutError after `milliseconds` (5,000 unless given) */
  waitForRequests(matches: (requestLog: RequestLog) => boolean, milliseconds?: number): Promise<void>
}

/**
 * Starts the fake provider: a real HTTP server that accepts predictions and serves their files as Replicate does, with every fault
 * of `Behavior`.
 *
 * @param options.port any free one unless given
 * @param options.host address to listen on, also that of its files; loopback unless given
 */
export async function startFakeProvider(options: { port?: number; host?: string } = {}): Promise<FakeProviderServer> {
  const server = createServer()
  const state = createProviderState(await listenLocally(server, options.port ?? 0, options.host))
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
    inputs: state.inputs,
    setBehavior: state.setBehavior,
    reset: state.reset,
    holdFiles: () => state.setBehavior({ holdFiles: true }),
    releaseFiles: () => state.setBehavior({ holdFiles: false }),
    waitForRequests: (matches, milliseconds = 60_000) =>
      state.waitUntil(() => matches(state.requestLog), AbortSignal.timeout(milliseconds)),
    [Symbol.asyncDispose]: () => closeServer(server),
  }
}

/** Answers an unreadable request with 422. A response that has started is cut off. */
function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  sendJson(response, 422, { detail: error instanceof Error ? error.message : String(error) })
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, host: { type: 'string', default: '127.0.0.1' } },
  })
  const fake = await startFakeProvider({ port: Number(values.port), host: values.host })
  process.stdout.write(`${fake.url}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => fake[Symbol.asyncDispose]())
}
