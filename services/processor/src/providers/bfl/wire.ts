import { z } from 'zod'

/** The answer to a submission: AsyncResponse [D]. */
export const AsyncResponse = z.looseObject({
  id: z.string().min(1).max(200),
  polling_url: z.string().max(1_500),
  cost: z.number().min(0).max(1_000_000).nullish().catch(null),
})

/** The answer to a poll: ResultResponse [D]. `result` is there with the status Ready. */
export const ResultResponse = z.looseObject({
  status: z.string().max(100),
  result: z
    .looseObject({
      sample: z.string().max(4_000).nullish().catch(null),
      seed: z.int().min(0).nullish().catch(null),
      end_time: z.number().nullish().catch(null),
    })
    .nullish()
    .catch(null),
  progress: z.number().nullish().catch(null),
  details: z.record(z.string(), z.unknown()).nullish().catch(null),
})
export type ResultResponse = z.infer<typeof ResultResponse>

/** The answer of GET /credits: CreditsResponse [D]. */
export const CreditsResponse = z.looseObject({ credits: z.number() })

/** A refusal: a sentence, or the fields that are wrong: HTTPValidationError [D]. */
export const ErrorBody = z.looseObject({
  detail: z.union([
    z.string(),
    z.array(z.looseObject({ loc: z.array(z.union([z.string(), z.number()])).catch([]), msg: z.string().catch('') })),
  ]),
})
