/** Content codings that the studio sends. @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1 */
export type Encoding = 'br' | 'gzip' | 'zstd' | 'identity'

/**
 * Returns the coding that a client prefers among the available ones, `identity` if it accepts none of them: a response that it may not
 * expect is of more use than none.
 *
 * @param header `accept-encoding` of the request
 * @param available in the studio's order of preference, which decides between codings that the client weighs equally
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function selectEncoding(header: string | null, available: readonly Encoding[]): Encoding {
  const weights = parseWeights(header ?? '')
  // Without a weight of its own `identity` is acceptable, and anything that the client names is preferred to it.
  const weigh = (encoding: Encoding) =>
    weights.get(encoding) ?? (encoding === 'identity' ? Number.MIN_VALUE : (weights.get('*') ?? 0))
  const best = available.reduce<Encoding>(
    (best, next) => (weigh(next) > weigh(best) ? next : best),
    available[0] ?? 'identity',
  )
  return weigh(best) > 0 && weigh(best) >= weigh('identity') ? best : 'identity'
}

/** No two parts of it can match the same blanks: a header of blanks would be read as often as it is long. */
const ITEM = /^([\w*-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?$/

/** Parses the weight of each coding of the header. A coding without one has 1; a malformed one is left out. */
function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (const item of header.toLowerCase().split(',')) {
    const [, name, weight = '1'] = ITEM.exec(item.trim()) ?? []
    if (name !== undefined) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight))
  }
  return weights
}
