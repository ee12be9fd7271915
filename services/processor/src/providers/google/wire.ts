import { z } from 'zod'

/**
 * Shapes of the Gemini API, as far as they are read. Unknown fields are ignored. @see googleapis/js-genai@6e9b35c45: src/types.ts,
 * src/gaos/models/interactions; vercel/ai@ed857f50f1 google-video-model.ts
 */

const count = z.int().min(0).optional().catch(undefined)
const text = z.string().optional().catch(undefined)

/** Number of a file, where a base64 text was: see `readBase64Json`. */
const file = z.int().min(0).optional().catch(undefined)

/** Returns the schema of a list of which the entries that cannot be read are left out. */
function lenientArray<T>(entry: z.ZodType<T>) {
  return z
    .array(z.unknown())
    .transform(values => values.flatMap(value => toList(entry.safeParse(value))))
    .optional()
    .catch(undefined)
}

function toList<T>({ data }: z.ZodSafeParseResult<T>): T[] {
  return data === undefined ? [] : [data]
}

/** Identifier of an interaction: it becomes a part of a path. */
export const InteractionId = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_=.-]{0,999}$/)
/** Name of an operation: it becomes a part of a path. */
export const OperationName = z
  .string()
  .regex(/^(?:models\/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\/)?operations\/[A-Za-z0-9_][A-Za-z0-9_-]{0,499}$/)

/** google.rpc.Status; that of an interaction may have a text for a code. */
const Status = z.looseObject({ code: z.union([z.int(), z.string()]).optional().catch(undefined), message: text })
export type Status = z.infer<typeof Status>

const ModalityTokens = z.looseObject({ modality: text, tokens: count, tokenCount: count })

/** Usage of an interaction. [S] Usage */
export const InteractionUsage = z.looseObject({
  total_input_tokens: count,
  total_output_tokens: count,
  total_thought_tokens: count,
  total_tokens: count,
  input_tokens_by_modality: lenientArray(ModalityTokens),
  output_tokens_by_modality: lenientArray(ModalityTokens),
})
export type InteractionUsage = z.infer<typeof InteractionUsage>

/** [S] GenerateContentResponseUsageMetadata */
export const UsageMetadata = z.looseObject({
  promptTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  totalTokenCount: count,
  promptTokensDetails: lenientArray(ModalityTokens),
  candidatesTokensDetails: lenientArray(ModalityTokens),
})
export type UsageMetadata = z.infer<typeof UsageMetadata>

const Content = z.looseObject({ type: z.string(), data: file, uri: text, text })
export type InteractionContent = z.infer<typeof Content>

const Step = z.looseObject({
  type: z.string(),
  content: lenientArray(Content),
  error: Status.optional().catch(undefined),
})

/** [S] Interaction */
export const Interaction = z.looseObject({
  id: InteractionId,
  status: z.string(),
  model: text,
  steps: lenientArray(Step),
  output_image: Content.optional().catch(undefined),
  errors: lenientArray(Status),
  usage: InteractionUsage.optional().catch(undefined),
})
export type Interaction = z.infer<typeof Interaction>

const Part = z.looseObject({
  text,
  thought: z.boolean().optional().catch(undefined),
  inlineData: z.looseObject({ mimeType: text, data: file }).optional().catch(undefined),
})

const Candidate = z.looseObject({
  content: z
    .looseObject({ parts: lenientArray(Part) })
    .optional()
    .catch(undefined),
  finishReason: text,
  finishMessage: text,
})

/** [S] GenerateContentResponse. At least one of the first two is there. */
export const GeneratedContent = z
  .looseObject({
    candidates: z.array(Candidate).optional(),
    promptFeedback: z.looseObject({ blockReason: text, blockReasonMessage: text }).optional().catch(undefined),
    usageMetadata: UsageMetadata.optional().catch(undefined),
    modelVersion: text,
    responseId: text,
  })
  .refine(({ candidates, promptFeedback }) => candidates !== undefined || promptFeedback !== undefined)
export type GeneratedContent = z.infer<typeof GeneratedContent>

const VideoResponse = z.looseObject({
  generatedSamples: lenientArray(z.looseObject({ video: z.looseObject({ uri: z.string() }) })),
  raiMediaFilteredCount: count,
  raiMediaFilteredReasons: lenientArray(z.string()),
})

/** An operation of Veo. [S] vercel/ai google-video-model.ts; js-genai _operations_converters.ts */
export const Operation = z.looseObject({
  name: OperationName,
  done: z.boolean().optional().catch(undefined),
  error: Status.optional().catch(undefined),
  response: z
    .looseObject({ generateVideoResponse: VideoResponse.optional().catch(undefined) })
    .optional()
    .catch(undefined),
})
export type Operation = z.infer<typeof Operation>

const ErrorDetail = z.looseObject({
  reason: text,
  retryDelay: text,
  fieldViolations: lenientArray(z.looseObject({ field: text, description: text })),
  violations: lenientArray(z.looseObject({ quotaId: text, quotaMetric: text })),
})

const ApiError = z.looseObject({
  code: z.union([z.int(), z.string()]).optional().catch(undefined),
  message: text,
  status: text,
  details: lenientArray(ErrorDetail),
})
export type ApiError = z.infer<typeof ApiError>

/** Body of an error. [D] https://ai.google.dev/api; a list of one for some methods [U] */
export const ErrorBody = z.preprocess(
  body => (Array.isArray(body) ? body[0] : body),
  z.looseObject({ error: ApiError }),
)

/** A page of `GET /models`. [D] https://ai.google.dev/api/models */
export const ModelPage = z.looseObject({
  models: z.array(
    z
      .looseObject({
        name: z.string().regex(/^models\/[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/),
        displayName: z.string().trim().min(1).max(100).optional().catch(undefined),
        supportedGenerationMethods: z.array(z.string()).optional().catch(undefined),
      })
      .nullable()
      .catch(null),
  ),
  nextPageToken: z.string().max(1_000).optional().catch(undefined),
})
