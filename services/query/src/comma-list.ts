import { z } from 'zod'

/** A query parameter with several names, with commas between. Elysia has split it by then, unless it is one name only. */
export const CommaList = z.preprocess(
  value => (typeof value === 'string' ? value.split(',') : value),
  z.array(z.string().max(100)).max(20),
)
