import { ProblemError } from '@darkroom/infra/http/problem'
import { LIST_PARAMETERS } from './comma-list.ts'

/**
 * Reads the query of a request: a text for each name, a list where a name that takes several values is repeated. Elysia would also split
 * texts at commas and parse those that look like JSON: a search for `a fox, in the snow` would be a list.
 *
 * @throws ProblemError `invalid` when a name that takes one value is repeated
 */
export function readQueryString(url: string): Record<string, string | string[]> {
  const parameters = new URL(url).searchParams
  const names = new Set(parameters.keys())
  return Object.fromEntries([...names].map(name => [name, unwrap(name, parameters.getAll(name))]))
}

function unwrap(name: string, values: string[]): string | string[] {
  const [value, ...others] = values
  if (value !== undefined && others.length === 0) return value
  if (LIST_PARAMETERS.includes(name)) return values
  const message = `is given ${values.length} times, and takes one value`
  throw new ProblemError('invalid', `${name} ${message}.`, { errors: [{ path: name, message }] })
}
