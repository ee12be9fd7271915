import { connect } from 'node:net'
import type { ProblemCode } from '@darkroom/contracts/problem'
import { z } from 'zod'
import { createLog } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { createHttpApp, type HttpAppOptions } from './app.ts'
import { createIdentify } from './identity.ts'
import { ProblemError } from './problem.ts'
import type { RouteRules } from './route-rules.ts'

/** A text that no response contains. */
export const SECRET = 'hunter2-hunter2'

const log = createLog({ service: 'test', level: 'silent' })
const WORKSPACE = { access: 'workspace' } as const
const RULES: RouteRules = {
  'GET /hello': WORKSPACE,
  'HEAD /endless': WORKSPACE,
  'POST /identity': WORKSPACE,
  'POST /raw': WORKSPACE,
  'GET /any': WORKSPACE,
  'POST /any': WORKSPACE,
  'PUT /any': WORKSPACE,
  'DELETE /any': WORKSPACE,
  'POST /echo': { access: 'workspace', body: { kind: 'json', maxBytes: 32 * 1024 * 1024 } },
  'GET /refuse/:code': WORKSPACE,
  'GET /throw/:kind': WORKSPACE,
  'POST /admin': { access: 'admin' },
  'POST /secret': { access: 'secret' },
}

/** Starts a service with test routes on a free port. */
export function serveTestApp(
  options: Partial<
    Pick<HttpAppOptions, 'idleSeconds' | 'checks' | 'engines' | 'identify' | 'stopping' | 'stopDetails'>
  > = {},
  config: Partial<HttpAppOptions['config']> = {},
  idleTimeout = 10,
) {
  const app = createHttpApp(
    {
      config: { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64, ...config },
      log,
      metrics: createMetrics('test'),
      checks: {},
      identify: createIdentify({}),
      stopping: new AbortController().signal,
      ...options,
    },
    RULES,
  )
    .get('/hello', () => 'hello')
    .head('/endless', () => new Response(null, { headers: { 'content-type': 'text/event-stream' } }))
    .post('/admin', ({ body }) => body)
    .post('/secret', ({ body }) => body)
    .post('/undeclared', () => 'reached')
    .post('/identity', ({ body, identity }) => ({ body, ...identity }))
    .post('/raw', () => new Response('part', { status: 206 }))
    .all('/any', ({ body }) => typeof body)
    .post('/echo', ({ body }) => body, {
      body: z.strictObject({ a: z.string(), list: z.array(z.strictObject({ n: z.number() })).optional() }),
    })
    .all('/refuse/:code', ({ params }) => {
      const options = params.code === 'unavailable' ? { retryAfterSeconds: 7 } : {}
      throw new ProblemError(params.code as ProblemCode, 'Not this time.', options)
    })
    .all('/throw/:kind', ({ params }) => THROWN[params.kind]?.())
    .listen({ port: 0, hostname: '127.0.0.1', idleTimeout, maxRequestBodySize: 64 * 1024 * 1024 })
  const port = app.server?.port ?? 0
  const fetchPath = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { host: 'localhost', ...(init.headers as object) } })
  return {
    port,
    handle: app.fetch,
    fetch: fetchPath,
    raw: (text: string) => exchange(port, text),
    metricsWith: (pattern: RegExp) => eventually(async () => (await fetchPath('/metrics')).text(), pattern),
    [Symbol.asyncDispose]: async () => {
      await app.stop(true)
    },
  }
}

const THROWN: Record<string, () => unknown> = {
  error: () => {
    throw new Error(`connection to postgres://user:${SECRET}@db failed`)
  },
  postgres: () => {
    throw Object.assign(new Error(`column ${SECRET}`), { code: '42703', query: `select ${SECRET}`, status: 418 })
  },
  text: () => {
    throw SECRET
  },
  later: async () => {
    await Promise.resolve()
    throw new TypeError(SECRET)
  },
}

/** Creates a request of JSON. */
export function createPost(body: string, headers: Record<string, string> = {}) {
  return { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
}

/** Sends raw bytes, as no HTTP client would, and returns the head of the response. */
async function exchange(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = ''
  const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
  socket.on('data', data => {
    received += data
    if (received.includes('\r\n\r\n')) socket.destroy()
  })
  socket.on('error', reject)
  socket.on('close', () => resolve(received))
  return await promise
}

/** Reads a text until it matches, since some effects come only after a response has been sent. */
async function eventually(read: () => Promise<string>, pattern: RegExp): Promise<string> {
  const deadline = AbortSignal.timeout(60_000)
  for (let text = await read(); ; text = await read()) {
    if (pattern.test(text)) return text
    deadline.throwIfAborted()
    await Bun.sleep(5)
  }
}
