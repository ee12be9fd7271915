import { z } from 'zod'

/**
 * Shapes of Replicate's API, as far as they are read. Unknown fields are ignored.
 *
 * @see https://replicate.com/docs/reference/http; [S] is its OpenAPI description, stored in api-evangelist/replicate@043b4f9
 */

const text = z.string().nullable().optional().catch(undefined)

/** Identifier of a prediction: it becomes a part of a path. */
export const PredictionId = z.string().regex(/^[A-Za-z0-9]{6,100}$/)

/** A prediction. [S] predictions.get; `aborted` [D replicate.com/changelog/2025-10-16] */
export const Prediction = z.looseObject({
  id: PredictionId,
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted']),
  model: text,
  output: z.unknown(),
  error: z.unknown(),
  metrics: z.record(z.string(), z.unknown()).nullable().optional().catch(undefined),
  data_removed: z.boolean().optional().catch(undefined),
  created_at: text,
  started_at: text,
  completed_at: text,
})
export type Prediction = z.infer<typeof Prediction>

/** Answer of `GET /account`. [S] account.get */
export const Account = z.looseObject({ type: z.string(), username: z.string() })

/** Answer of `GET /models/{owner}/{name}`. [S] models.get; the schema of a version [D replicate.com/docs/reference/openapi] */
export const ModelAnswer = z.looseObject({
  latest_version: z
    .looseObject({
      id: z.string(),
      openapi_schema: z.looseObject({
        components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
      }),
    })
    .nullable()
    .optional(),
})
export type ModelAnswer = z.infer<typeof ModelAnswer>

/** Answer of `POST /files`. [S replicate-javascript lib/files.js] */
export const UploadedFile = z.looseObject({ urls: z.looseObject({ get: z.url({ protocol: /^https?$/ }).max(2_048) }) })

/** Body of an error. `invalid_fields` [D replicate.com/changelog/2024-05-01]; the others [U] */
export const ErrorBody = z.looseObject({
  title: text,
  detail: text,
  invalid_fields: z
    .array(z.looseObject({ field: text, description: text }))
    .optional()
    .catch(undefined),
})
