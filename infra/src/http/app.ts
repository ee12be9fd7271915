import { PROBLEMS } from '@darkroom/contracts/problem'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { Elysia } from 'elysia'
import type { Config } from '../config.ts'
import { isTransientDbError } from '../database/errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { createBodyBudget, readBody } from './bodies.ts'
import { type Identify, identityOf, setIdentity } from './identity.ts'
import { createOriginCheck } from './origin.ts'
import { createProblemResponse, type ProblemError } from './problem.ts'
import { type ReadinessOptions, respondReadiness } from './readiness.ts'
import { getRequestId } from './request-id.ts'
import { createRequestMetrics } from './request-metrics.ts'
import { toProblemError } from './to-problem-error.ts'
import { installZodMessages } from './zod-messages.ts'

export interface HttpAppOptions extends ReadinessOptions {
  config: Pick<Config, 'PUBLIC_URL' | 'PORT' | 'BODY_MEMORY_MB'>
  log: Log
  metrics: Metrics
  identify: Identify
}

/**
 * Creates the Elysia app that every service adds its routes to: request ids, the check of Host and Origin, identity, bodies
 * read within limits and one budget, errors as problem documents, health, readiness and metrics.
 */
export function createHttpApp(options: HttpAppOptions) {
  const { config, log, metrics } = options
  installZodMessages()
  const checkOrigin = createOriginCheck(config)
  const budget = createBodyBudget(config.BODY_MEMORY_MB * 1024 * 1024, { collectGarbage: () => Bun.gc(true) })
  const requestMetrics = createRequestMetrics(metrics)
  return new Elysia({ name: 'http', normalize: false })
    .onRequest(async ({ request, set }) => {
      requestMetrics.start(request)
      set.headers['x-request-id'] = getRequestId(request)
      set.headers['x-content-type-options'] = 'nosniff'
      if (isOperatorRequest(request)) return
      checkOrigin(request)
      // Before the body: a request without a valid identity must cost no memory.
      setIdentity(request, await options.identify(request))
    })
    .derive({ as: 'global' }, ({ request }) => ({
      identity: identityOf(request),
      /** Reserves memory of the budget for bytes that a handler loads besides the body. */
      reserve: (bytes: number) => budget.reserve(request, bytes),
    }))
    .onParse({ as: 'global' }, ({ request, contentType }) => {
      // A DELETE has no body, nor has a POST whose path is the whole request.
      if (request.body === null && !contentType) return undefined
      return readBody(request, contentType, budget)
    })
    .onError({ as: 'global' }, ({ error, request, set }) => {
      const problem = toProblemError(error)
      const requestId = getRequestId(request)
      logFailure(log, error, problem, requestId)
      set.headers['x-request-id'] = requestId
      set.status = PROBLEMS[problem.code].status
      return createProblemResponse(problem, requestId)
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
      budget.release(request)
      const status = responseValue instanceof Response ? responseValue.status : (set.status ?? 200)
      requestMetrics.end(request, route, status)
    })
    .get('/healthz', () => new Response('ok\n'))
    .get('/readyz', () => respondReadiness(options))
    .get('/metrics', async () => {
      metrics.bodyBytes.set(budget.bytesInUse())
      return new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': metrics.registry.contentType },
      })
    })
}

/** Logs failures of the service itself. Refusals are for the caller, and are not logged. */
function logFailure(log: Log, err: unknown, { code }: ProblemError, requestId: string): void {
  if (code === 'internal') log.error({ err, requestId }, 'request_failed')
  else if (isTransientDbError(err)) log.warn({ err, requestId }, 'database_unavailable')
}

/** Returns whether a request is a probe or for metrics, which may come from any host and without an identity. */
function isOperatorRequest(request: Request): boolean {
  // With an invalid Host header the URL is invalid, too.
  const pathname = URL.parse(request.url)?.pathname
  return OPERATOR_PATHS.some(path => path === pathname)
}
