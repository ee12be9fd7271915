import type { BodyRule } from './body/bodies.ts'
import { ProblemError } from './problem.ts'

/** Whom a route is for: everyone in their own workspace, administrators, or who sends the studio's secret. */
export type Access = 'workspace' | 'admin' | 'secret'

/** Demands of a route on a request. They are checked by the headers, before the body is read. */
export interface RouteRule {
  access: Access
  /** JSON of at most 64 KiB unless given. A request without a body needs none. */
  body?: BodyRule
}

/** The rules of a service by `METHOD /path/:parameter`, as the routes are registered. A route that has none is never reached. */
export type RouteRules = Readonly<Record<string, RouteRule>>

/** A rule with the path of its route. */
export interface MatchedRule extends RouteRule {
  path: string
  body: BodyRule
}

/** Finds the rule of a request. @throws ProblemError `not_found`, or `method_not_allowed` for a path with other methods */
export type FindRule = (method: string, pathname: string) => MatchedRule

const DEFAULT_BODY: BodyRule = { kind: 'json', maxBytes: 64 * 1024 }

/** Creates the function that finds rules. The most specific one wins: `/a/b` before `/a/:name` before a path that ends with `*`. */
export function createRuleFinder(rules: RouteRules): FindRule {
  const routes = Object.entries(rules)
    .map(([key, rule]) => createMatcher(key, rule))
    .toSorted((one, other) => other.rank.localeCompare(one.rank))
  return (method, pathname) => {
    const matching = routes.filter(({ pattern }) => pattern.test(pathname))
    const find = (wanted: string) => matching.find(route => route.method === wanted)?.rule
    const rule = find(method) ?? (method === 'HEAD' ? find('GET') : undefined)
    if (rule) return rule
    const known = matching.filter(({ rule }) => rule.path !== '/*')
    if (known.length > 0) throw createMethodError(known.map(route => route.method))
    throw new ProblemError('not_found', 'There is nothing at this address.')
  }
}

/** Creates the refusal of a method, which names those that there are. @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6 */
function createMethodError(methods: readonly string[]): ProblemError {
  const allowed = new Set(methods.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method])))
  const detail = 'There is something at this address, but not for that method.'
  return new ProblemError('method_not_allowed', detail, { headers: { allow: [...allowed].toSorted().join(', ') } })
}

function createMatcher(key: string, rule: RouteRule) {
  const [method = '', path = ''] = key.split(' ')
  const segments = path.split('/').map(segment => {
    if (segment === '*') return { source: '.*', rank: '0' }
    if (segment.startsWith(':')) return { source: '[^/]+', rank: '1' }
    return { source: segment.replace(/[^\w-]/g, '\\$&'), rank: '2' }
  })
  // A slash at the end makes no difference to Elysia.
  const pattern = new RegExp(`^${segments.map(({ source }) => source).join('/')}${path.endsWith('/') ? '' : '/?'}$`)
  const rank = segments.map(segment => segment.rank).join('')
  return { method, pattern, rank, rule: { ...rule, path, body: rule.body ?? DEFAULT_BODY } }
}
