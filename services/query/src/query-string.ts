/**
 * Reads the query of a request: a text for each name, a list where a name is repeated. Elysia would also split texts at commas and
 * parse those that look like JSON: a search for `a fox, in the snow` would be a list.
 */
export function readQueryString(url: string): Record<string, string | string[]> {
  const parameters = new URL(url).searchParams
  const names = new Set(parameters.keys())
  return Object.fromEntries([...names].map(name => [name, unwrap(parameters.getAll(name))]))
}

function unwrap(values: string[]): string | string[] {
  const [value, ...others] = values
  return value !== undefined && others.length === 0 ? value : values
}
