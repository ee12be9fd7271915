import { PROBLEMS } from '@darkroom/contracts/problem'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { Elysia, type MaybePromise } from 'elysia'
import type { Config } from '../config.ts'
import { isTransientDbError } from '../database/errors.ts'
import { DatabaseSilentError, type SilenceGuard } from '../database/silence-guard.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { readBody } from './body/bodies.ts'
import { createBodyBudget } from './body/body-budget.ts'
import { createClientAddress } from './client-address.ts'
import { leaveLengthOpen } from './head-length.ts'
import { type Identify, identityOf } from './identity.ts'
import { createProblemResponse, ProblemError } from './problem.ts'
import { type ReadinessOptions, readAllEngines, respondReadiness } from './readiness/readiness.ts'
import { createRequestGate, hasBody, type RequestGateOptions } from './request-gate.ts'
import { getRequestId } from './request-id.ts'
import { createRequestMetrics } from './request-metrics.ts'
import type { RouteRules } from './route-rules.ts'
import { toProblemError } from './to-problem-error.ts'
import { installZodMessages } from './zod-messages.ts'

/** Time after which a connection without a request is closed, in seconds. Bun looks every four seconds. */
export const IDLE_SECONDS = 24

/** Headers of every response. */
const SAFE_HEADERS = { 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' }

export interface HttpAppOptions extends ReadinessOptions {
  config: RequestGateOptions['config'] & Pick<Config, 'BODY_MEMORY_MB'> & Partial<Pick<Config, 'GATEWAY_SECRET'>>
  log: Log
  metrics: Metrics
  identify: Identify
  /** Ends the wait for a database that does not answer. */
  silenceGuard?: SilenceGuard
  /** Time after which a connection is closed that sent a body and requests nothing more, in seconds; `IDLE_SECONDS` unless given. */
  idleSeconds?: number
}

/**
 * Creates the Elysia app that every service adds its routes to: request ids, one check of every request before its body, bodies
 * read within limits and one budget, errors as problem documents, health, readiness and metrics.
 *
 * @param rules what each route of the service demands. A route without a rule is never reached
 */
export function createHttpApp(options: HttpAppOptions, rules: RouteRules) {
  const { config, log, metrics, idleSeconds = IDLE_SECONDS } = options
  installZodMessages()
  const gate = createRequestGate({ config, identify: options.identify, rules })
  const findClient = createClientAddress(config.GATEWAY_SECRET)
  const budget = createBodyBudget(config.BODY_MEMORY_MB * 1024 * 1024, { collectGarbage: () => Bun.gc(true) })
  const requestMetrics = createRequestMetrics(metrics)
  return new Elysia({ name: 'http', normalize: false })
    .wrap(handle => (...parameters: [Request, ...unknown[]]) => {
      // Elysia's type of it says nothing of the response.
      const response = guardResponse(handle(...parameters) as unknown as MaybePromise<Response>, parameters[0], options)
      return parameters[0].method === 'HEAD' ? correctHeadLength(response) : response
    })
    .onRequest(async ({ request, set }) => {
      requestMetrics.start(request)
      set.headers['x-request-id'] = getRequestId(request)
      Object.assign(set.headers, SAFE_HEADERS)
      // Its next request goes to a process that stays.
      if (options.stopping.aborted) set.headers.connection = 'close'
      await gate.check(request)
    })
    .derive({ as: 'global' }, ({ request, route, server }) => {
      // Elysia has its own way to find a route: one that was not checked is not run.
      const rule = gate.ruleOf(request)
      if (rule ? route !== rule.path : !isOperatorPath(route)) throw createNotFoundError()
      return {
        identity: identityOf(request),
        /** Address of the client, for shares of what all have in common. */
        client: findClient(request, server),
        /** Reserves memory of the budget for bytes that a handler loads besides the body. */
        reserve: (bytes: number) => budget.reserve(request, bytes),
      }
    })
    .onParse({ as: 'global' }, ({ request, server }) => {
      const rule = gate.ruleOf(request)?.body
      if (!hasBody(request)) return undefined
      if (!rule) throw createNotFoundError()
      // A body has time limits of its own, and what is done with it may take longer than a connection may be idle.
      server?.timeout(request, 0)
      return readBody(request, { budget, rule, client: findClient(request, server) })
    })
    .mapResponse({ as: 'global' }, ({ request, server }) => {
      if (hasBody(request)) server?.timeout(request, idleSeconds)
    })
    .onError({ as: 'global' }, ({ error, request, server, set }) => {
      // The rest of a body that was refused is not waited for.
      if (hasBody(request)) server?.timeout(request, idleSeconds)
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
    .get('/healthz', () => respondHealth(options.stopping))
    .get('/readyz', () => respondReadiness(options))
    .get('/metrics', async () => {
      metrics.bodyBytes.set(budget.bytesInUse())
      const engines = Object.entries(await readAllEngines(options))
      for (const [engine, state] of engines) metrics.engineUp.set({ engine }, state === 'ok' ? 1 : 0)
      return new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': metrics.registry.contentType },
      })
    })
}

/** Responds that the process answers requests; while it is about to stop, that it takes no new ones, for the proxies before it. */
function respondHealth(stopping: AbortSignal): Response {
  const headers = { 'content-type': 'text/plain;charset=utf-8' }
  return stopping.aborted ? new Response('stopping\n', { status: 503, headers }) : new Response('ok\n', { headers })
}

/** Answers with a problem as soon as it is known that the database does not answer. */
function guardResponse(
  response: MaybePromise<Response>,
  request: Request,
  { silenceGuard, log }: Pick<HttpAppOptions, 'silenceGuard' | 'log'>,
): MaybePromise<Response> {
  if (!silenceGuard || !(response instanceof Promise)) return response
  return silenceGuard.guard(response).catch(error => {
    // What comes too late has no reader: an event stream would hold its place.
    if (error instanceof DatabaseSilentError) void response.then(late => late.body?.cancel()).catch(() => {})
    const problem = toProblemError(error)
    const requestId = getRequestId(request)
    logFailure(log, error, problem, requestId)
    const refusal = createProblemResponse(problem, requestId)
    for (const [name, value] of Object.entries(SAFE_HEADERS)) refusal.headers.set(name, value)
    refusal.headers.set('x-request-id', requestId)
    return refusal
  })
}

/** Corrects the length of a response to HEAD, where Elysia writes that of the body that it has read, and Bun that of none. */
async function correctHeadLength(pending: MaybePromise<Response>): Promise<Response> {
  const response = await pending
  if (response.status === 304) response.headers.delete('content-length')
  else leaveLengthOpen(response)
  return response
}

/** Logs failures of the service itself. Refusals are for the caller, and are not logged. */
function logFailure(log: Log, err: unknown, { code }: ProblemError, requestId: string): void {
  if (code === 'internal') log.error({ err, requestId }, 'request_failed')
  else if (isTransientDbError(err)) log.warn({ err, requestId }, 'database_unavailable')
}

function isOperatorPath(route: string): boolean {
  return OPERATOR_PATHS.some(path => path === route)
}

function createNotFoundError(): ProblemError {
  return new ProblemError('not_found', 'There is nothing at this address.')
}
