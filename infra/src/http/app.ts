import { PROBLEMS } from '@darkroom/contracts/problem'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { Elysia, ValidationError } from 'elysia'
import type { Config } from '../config.ts'
import { isPassing } from '../database/errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { withDeadline } from '../runtime/timers.ts'
import { createBodyBudget, readBody } from './bodies.ts'
import { type Identify, type Identity, NOBODY } from './identity.ts'
import { createOriginCheck } from './origin.ts'
import { ProblemError, problemResponse } from './problem.ts'
import { speakPlainly } from './zod-messages.ts'

export interface HttpOptions {
  config: Pick<Config, 'PUBLIC_URL' | 'PORT' | 'BODY_MEMORY_MB'>
  log: Log
  metrics: Metrics
  /** What must be well for the service to be ready, by name; each throws if it is not. */
  checks: Record<string, (signal: AbortSignal) => Promise<void>>
  identify: Identify
  /** Aborted when the service is about to stop: it is not ready from then on. */
  stopping: AbortSignal
}

const CHECK_MS = 1_000
const NOT_NOW = 'The studio cannot get at its database right now. Try again in a moment.'

/**
 * What every service's HTTP has in common: request ids, the Host and Origin check, bodies read within limits and one budget,
 * errors as problem documents, health, readiness and metrics.
 */
export function createHttp(options: HttpOptions) {
  const { config, log, metrics } = options
  speakPlainly()
  const checkOrigin = createOriginCheck(config)
  const budget = createBodyBudget(config.BODY_MEMORY_MB * 1024 * 1024, { collect: () => Bun.gc(true) })
  const started = new WeakMap<Request, number>()
  return new Elysia({ name: 'http', normalize: false })
    .onRequest(async ({ request, set }) => {
      started.set(request, performance.now())
      set.headers['x-request-id'] = requestId(request)
      set.headers['x-content-type-options'] = 'nosniff'
      if (isForOperators(request)) return
      checkOrigin(request)
      // Before the body: a request of nobody must cost no memory.
      identities.set(request, await options.identify(request))
    })
    .derive({ as: 'global' }, ({ request }) => ({
      identity: identityOf(request),
      /** For what a handler brings into memory besides the body. */
      reserve: (bytes: number) => budget.take(request, bytes),
    }))
    .onParse({ as: 'global' }, ({ request, contentType }) => {
      // A DELETE, and a POST that says all in its address, have none.
      if (request.body === null && !contentType) return undefined
      return readBody(request, contentType, budget)
    })
    .onError({ as: 'global' }, ({ error, request, set }) => {
      const problem = toProblem(error)
      if (problem.code === 'internal') log.error({ err: error, requestId: requestId(request) }, 'request failed')
      else if (isPassing(error)) log.warn({ err: error, requestId: requestId(request) }, 'request not served')
      set.headers['x-request-id'] = requestId(request)
      set.status = PROBLEMS[problem.code].status
      return problemResponse(problem, requestId(request))
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
      budget.release(request)
      const seconds = (performance.now() - (started.get(request) ?? performance.now())) / 1_000
      const status = responseValue instanceof Response ? responseValue.status : (set.status ?? 200)
      const labels = { method: request.method, route: route ?? 'none', status: String(status) }
      metrics.requests.observe(labels, seconds)
    })
    .get('/healthz', () => new Response('ok\n'))
    .get('/readyz', () => readiness(options))
    .get('/metrics', async () => {
      metrics.bodyBytes.set(budget.inUse())
      return new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': metrics.registry.contentType },
      })
    })
}

/** The refusal that an error amounts to. What is not a refusal is nobody's business but the log's. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof ValidationError) return invalid(error)
  if (isCoded(error, 'PARSE')) return error.cause instanceof ProblemError ? error.cause : malformed(error)
  if (isCoded(error, 'NOT_FOUND')) return new ProblemError('not_found', 'There is nothing at this address.')
  if (isPassing(error)) return new ProblemError('unavailable', NOT_NOW, { cause: error, retryAfterSeconds: 1 })
  return new ProblemError(
    'internal',
    'This is our fault. Trying again may help; the request id helps to find out why.',
    {
      cause: error,
    },
  )
}

function invalid(error: ValidationError): ProblemError {
  const errors = error.all.map(issue => {
    const { path, message } = issue as { path?: unknown; message?: string }
    return { path: pathOf(path), message: message ?? 'is not valid' }
  })
  const [first] = errors
  const detail = `${first?.path || `The ${error.type}`} ${first?.message ?? 'is not valid'}.`
  return new ProblemError('invalid', detail, { errors, cause: error })
}

function pathOf(path: unknown): string {
  // Elysia's name for the body itself; people know no such field.
  if (path === 'root') return ''
  const whole = Array.isArray(path) ? path.join('.') : String(path ?? '')
  return whole.length <= 100 ? whole : `${whole.slice(0, 100).toWellFormed()}…`
}

function malformed(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request could not be read.', { cause })
}

function isCoded(error: unknown, code: string): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && error.code === code
}

async function readiness({ checks, stopping }: HttpOptions): Promise<Response> {
  const reasons = Object.fromEntries(
    await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await outcome(name, check)] as const)),
  )
  const ready = !stopping.aborted && Object.values(reasons).every(reason => reason === 'ok')
  return Response.json(
    { ready, ...(stopping.aborted ? { stopping: true } : {}), checks: reasons },
    { status: ready ? 200 : 503 },
  )
}

async function outcome(what: string, check: (signal: AbortSignal) => Promise<void>): Promise<string> {
  const signal = AbortSignal.timeout(CHECK_MS)
  return await withDeadline(check(signal), { milliseconds: CHECK_MS, what, signal }).then(
    () => 'ok',
    () => 'failing',
  )
}

const identities = new WeakMap<Request, Identity>()

/** Returns whose request it is, as `identify` found before the body was read; nobody's where it was not asked (probes). */
export function identityOf(request: Request): Identity {
  return identities.get(request) ?? NOBODY
}

const ids = new WeakMap<Request, string>()

/** The request's id: the caller's if it is a plain token, else a new one. */
export function requestId(request: Request): string {
  const known = ids.get(request)
  if (known) return known
  const given = request.headers.get('x-request-id') ?? ''
  const id = /^[A-Za-z0-9_-]{8,64}$/.test(given) ? given : Bun.randomUUIDv7()
  ids.set(request, id)
  return id
}

function isForOperators(request: Request): boolean {
  // With a Host that is none, the address is none either.
  const pathname = URL.parse(request.url)?.pathname
  return OPERATOR_PATHS.some(path => path === pathname)
}
