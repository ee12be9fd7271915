import { z } from 'zod'

/** The query parameters that take several values. Each schema of one splits it by `splitAtCommas`. */
export const LIST_PARAMETERS: readonly string[] = ['ids', 'status', 'kind', 'model', 'by']

/** A query parameter with several names. */
export const CommaList = z.preprocess(splitAtCommas, z.array(z.string().max(100)).max(20))

/**
 * Returns the items of a query parameter that takes several, which are separated by commas, or given one by one, or both; any other value
 * unchanged. Blanks around an item do not count. An empty item is one, which no parameter takes: something is missing there.
 */
export function splitAtCommas(value: unknown): unknown {
  const texts: unknown[] = Array.isArray(value) ? value : [value]
  if (!texts.every(text => typeof text === 'string')) return value
  return texts.flatMap(text => text.split(',')).map(item => item.trim())
}
