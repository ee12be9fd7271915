import { z } from 'zod'

/** A query parameter with several names, with commas between. */
export const CommaList = z.preprocess(splitAtCommas, z.array(z.string().max(100)).max(20))

/** Splits the text of a query parameter with several names; returns any other value unchanged. */
export function splitAtCommas(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',') : value
}
