import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import type { Config } from '../config.ts'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import { matchesSecret } from './admin-access.ts'
import { assertBodyHeaders } from './body/bodies.ts'
import { type Identify, setIdentity } from './identity.ts'
import { createOriginCheck } from './origin.ts'
import { ProblemError } from './problem.ts'
import { createRuleFinder, type MatchedRule, type RouteRules } from './route-rules.ts'

export interface RequestGateOptions {
  config: Pick<Config, 'PUBLIC_URL' | 'PORT'> & Partial<Pick<Config, 'INTERNAL_API_SECRET' | 'OPERATOR_HOSTS'>>
  identify: Identify
  rules: RouteRules
}

/** The one check of every request, by its headers alone and before its body is read. */
export interface RequestGate {
  /**
   * Checks Host and Origin, that there is a route, who requests it and whether they may, and the headers of the body.
   *
   * @throws ProblemError
   */
  check(request: Request): Promise<void>
  /** Returns the rule that a request was checked by; undefined for one of an operator. */
  ruleOf(request: Request): MatchedRule | undefined
}

const IDENTIFY_MS = 5_000

/** Creates the gate of a service. What has no rule is refused. */
export function createRequestGate(options: RequestGateOptions): RequestGate {
  const { config, identify } = options
  const checkOrigin = createOriginCheck(config)
  const checkOperatorOrigin = createOriginCheck(config, config.OPERATOR_HOSTS)
  const findRule = createRuleFinder(options.rules)
  const matched = new WeakMap<Request, MatchedRule>()
  return {
    ruleOf: request => matched.get(request),
    check: async request => {
      // With an invalid Host header the URL is invalid, too.
      const pathname = URL.parse(request.url)?.pathname ?? ''
      const isOperators = OPERATOR_PATHS.some(path => path === pathname)
      if (isOperators) return checkOperatorOrigin(request)
      checkOrigin(request)
      const rule = findRule(request.method, pathname)
      await checkAccess(request, rule, { identify, secret: config.INTERNAL_API_SECRET })
      if (hasBody(request)) assertBodyHeaders(request.headers, rule.body)
      matched.set(request, rule)
    },
  }
}

/** Returns whether a request has a body to be read. A DELETE has none, nor has a POST whose path is the whole request. */
export function hasBody({ method, body }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD' && body !== null
}

async function checkAccess(
  request: Request,
  { access }: MatchedRule,
  { identify, secret }: { identify: Identify; secret: string | undefined },
): Promise<void> {
  const identity = await identifyInTime(request, identify)
  setIdentity(request, identity)
  if (access === 'admin' && !identity.admin)
    throw new ProblemError('forbidden', 'That is for the administrator. Enter the secret of this studio first.')
  if (access !== 'secret') return
  const given = request.headers.get('x-internal-secret')
  if (given === null || secret === undefined || !matchesSecret(given, secret))
    throw new ProblemError('unauthenticated', 'Send the secret of this studio as `x-internal-secret`.')
}

async function identifyInTime(request: Request, identify: Identify) {
  const wait = { milliseconds: IDENTIFY_MS, operation: 'the identification of a request' }
  try {
    return await withDeadline(identify(request), wait)
  } catch (cause) {
    if (!(cause instanceof DeadlineError)) throw cause
    const detail = 'It could not be found out in time who sent this. Try again in a moment.'
    throw new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 2 })
  }
}
