import { PROBLEMS } from '@darkroom/contracts/problem'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { Elysia, ValidationError } from 'elysia'
import type { Config } from '../config.ts'
import { isTransientDbError } from '../database/errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { withDeadline } from '../runtime/timers.ts'
import { createBodyBudget, readBody } from './bodies.ts'
import { type Identify, type Identity, NOBODY } from './identity.ts'
import { createOriginCheck } from './origin.ts'
import { createProblemResponse, ProblemError } from './problem.ts'
import { installZodMessages } from './zod-messages.ts'

export interface HttpAppOptions {
  config: Pick<Config, 'PUBLIC_URL' | 'PORT' | 'BODY_MEMORY_MB'>
  log: Log
  metrics: Metrics
  /** What must be well for the service to be ready, by name; each throws if it is not. */
  checks: Record<string, (signal: AbortSignal) => Promise<void>>
  identify: Identify
  /** Aborted when the service is about to stop: it is not ready from then on. */
  stopping: AbortSignal
}

const CHECK_TIMEOUT_MS = 1_000
const DATABASE_UNAVAILABLE = 'The studio cannot get at its database right now. Try again in a moment.'

/**
 * What every service's HTTP has in common: request ids, the Host and Origin check, bodies read within limits and one budget,
 * errors as problem documents, health, readiness and metrics.
 */
export function createHttpApp(options: HttpAppOptions) {
  const { config, log, metrics } = options
  installZodMessages()
  const checkOrigin = createOriginCheck(config)
  const budget = createBodyBudget(config.BODY_MEMORY_MB * 1024 * 1024, { collectGarbage: () => Bun.gc(true) })
  const started = new WeakMap<Request, number>()
  return new Elysia({ name: 'http', normalize: false })
    .onRequest(async ({ request, set }) => {
      started.set(request, performance.now())
      set.headers['x-request-id'] = requestId(request)
      set.headers['x-content-type-options'] = 'nosniff'
      if (isOperatorRequest(request)) return
      checkOrigin(request)
      // Before the body: a request of nobody must cost no memory.
      identities.set(request, await options.identify(request))
    })
    .derive({ as: 'global' }, ({ request }) => ({
      identity: identityOf(request),
      /** For what a handler brings into memory besides the body. */
      reserve: (bytes: number) => budget.reserve(request, bytes),
    }))
    .onParse({ as: 'global' }, ({ request, contentType }) => {
      // A DELETE, and a POST that says all in its address, have none.
      if (request.body === null && !contentType) return undefined
      return readBody(request, contentType, budget)
    })
    .onError({ as: 'global' }, ({ error, request, set }) => {
      const problem = toProblemError(error)
      if (problem.code === 'internal') log.error({ err: error, requestId: requestId(request) }, 'request failed')
      else if (isTransientDbError(error)) log.warn({ err: error, requestId: requestId(request) }, 'request not served')
      set.headers['x-request-id'] = requestId(request)
      set.status = PROBLEMS[problem.code].status
      return createProblemResponse(problem, requestId(request))
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
      budget.release(request)
      const seconds = (performance.now() - (started.get(request) ?? performance.now())) / 1_000
      const status = responseValue instanceof Response ? responseValue.status : (set.status ?? 200)
      const labels = { method: request.method, route: route ?? 'none', status: String(status) }
      metrics.requestDuration.observe(labels, seconds)
    })
    .get('/healthz', () => new Response('ok\n'))
    .get('/readyz', () => checkReadiness(options))
    .get('/metrics', async () => {
      metrics.bodyBytes.set(budget.bytesInUse())
      return new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': metrics.registry.contentType },
      })
    })
}

/** The refusal that an error amounts to. What is not a refusal is nobody's business but the log's. */
export function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof ValidationError) return createValidationError(error)
  if (hasErrorCode(error, 'PARSE'))
    return error.cause instanceof ProblemError ? error.cause : createMalformedError(error)
  if (hasErrorCode(error, 'NOT_FOUND')) return new ProblemError('not_found', 'There is nothing at this address.')
  if (isTransientDbError(error))
    return new ProblemError('unavailable', DATABASE_UNAVAILABLE, { cause: error, retryAfterSeconds: 1 })
  return new ProblemError(
    'internal',
    'This is our fault. Trying again may help; the request id helps to find out why.',
    {
      cause: error,
    },
  )
}

function createValidationError(error: ValidationError): ProblemError {
  const errors = error.all.map(issue => {
    const { path, message } = issue as { path?: unknown; message?: string }
    return { path: formatPath(path), message: message ?? 'is not valid' }
  })
  const [first] = errors
  const detail = `${first?.path || `The ${error.type}`} ${first?.message ?? 'is not valid'}.`
  return new ProblemError('invalid', detail, { errors, cause: error })
}

function formatPath(path: unknown): string {
  // Elysia's name for the body itself; people know no such field.
  if (path === 'root') return ''
  const whole = Array.isArray(path) ? path.join('.') : String(path ?? '')
  return whole.length <= 100 ? whole : `${whole.slice(0, 100).toWellFormed()}…`
}

function createMalformedError(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request could not be read.', { cause })
}

function hasErrorCode(error: unknown, code: string): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && error.code === code
}

async function checkReadiness({ checks, stopping }: HttpAppOptions): Promise<Response> {
  const reasons = Object.fromEntries(
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await runCheck(name, check)] as const),
    ),
  )
  const ready = !stopping.aborted && Object.values(reasons).every(reason => reason === 'ok')
  return Response.json(
    { ready, ...(stopping.aborted ? { stopping: true } : {}), checks: reasons },
    { status: ready ? 200 : 503 },
  )
}

async function runCheck(what: string, check: (signal: AbortSignal) => Promise<void>): Promise<string> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  return await withDeadline(check(signal), { milliseconds: CHECK_TIMEOUT_MS, operation: what, signal }).then(
    () => 'ok',
    () => 'failing',
  )
}

const identities = new WeakMap<Request, Identity>()

/** Returns whose request it is, as `identify` found before the body was read; nobody's where it was not asked (probes). */
export function identityOf(request: Request): Identity {
  return identities.get(request) ?? NOBODY
}

const requestIds = new WeakMap<Request, string>()

/** The request's id: the caller's if it is a plain token, else a new one. */
export function requestId(request: Request): string {
  const existing = requestIds.get(request)
  if (existing) return existing
  const given = request.headers.get('x-request-id') ?? ''
  const id = /^[A-Za-z0-9_-]{8,64}$/.test(given) ? given : Bun.randomUUIDv7()
  requestIds.set(request, id)
  return id
}

function isOperatorRequest(request: Request): boolean {
  // With a Host that is none, the address is none either.
  const pathname = URL.parse(request.url)?.pathname
  return OPERATOR_PATHS.some(path => path === pathname)
}
