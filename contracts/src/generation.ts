import { z } from 'zod'
import { KINDS, STATUSES } from './enums.ts'
import { LIMITS } from './limits.ts'
import { INPUT_ROLES, RESOLUTION_NAME } from './model.ts'
import { Output, PublicError } from './output.ts'
import { hasEmbeddedFile, isStorable, type PublicParameters } from './parameters.ts'
import { Reference } from './reference.ts'

/** A UUID in a request. Capital letters are the same as small ones, as which it is used. @see https://www.rfc-editor.org/rfc/rfc9562#section-4 */
export const Uuid = z.uuid().toLowerCase()

/** Reasons why a queued or processing generation waits. */
export const WAITING_REASONS = [
  'provider-queue',
  'connection-full',
  'rate-limited',
  'provider-down',
  'provider-restarted',
  'not-configured',
  'key-refused',
  'no-credit',
  'disk-full',
  'storage-down',
  'recovering',
] as const

/** The output that a generation was derived from, and how. */
export const Parent = z.strictObject({
  generationId: Uuid,
  outputIndex: z.int().min(0),
  verb: z.string().regex(/^[a-z][a-z-]{0,31}$/),
})

/** The generation in whose place another one was made, and the model that it was for. */
export const ReplacedGeneration = z.strictObject({ generationId: Uuid, model: z.string() })

/** The public document of a generation: a row of the list, an event, a response to a submission. */
export const Generation = z.strictObject({
  id: z.uuid(),
  clientId: z.uuid(),
  version: z.int().min(1),
  status: z.enum(STATUSES),
  prompt: z.string(),
  model: z.string(),
  kind: z.enum(KINDS),
  parameters: z
    .custom<PublicParameters>(value => typeof value === 'object' && value !== null)
    .describe(
      'what was asked for beside the prompt: `aspectRatio`, `resolution`, `numOutputs`, `duration`, `seed`, `negativePrompt`, `settings`, `referenceImages`, …',
    ),
  outputs: z.array(Output),
  references: z.array(Reference),
  error: PublicError.nullable(),
  waiting: z
    .strictObject({
      reason: z.enum(WAITING_REASONS),
      until: z.string().nullable(),
      position: z.int().min(1).optional().describe("its place in the provider's queue, where that is known"),
    })
    .nullable(),
  parent: Parent.nullable(),
  cost: z.strictObject({ amount: z.number(), currency: z.string(), estimated: z.boolean() }).nullable(),
  favourite: z.boolean(),
  attempt: z.int().min(0),
  progress: z.number().min(0).max(1).nullable(),
  estimatedSeconds: z.number().nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable().describe('moved on by each wait: what has passed since then is work'),
  completedAt: z.string().nullable(),
  deletedAt: z.string().nullable(),
  insteadOf: ReplacedGeneration.nullish().describe(
    'it waited for its connection, or failed by it, and was made by this one',
  ),
  ranModel: z
    .string()
    .nullish()
    .describe("the model that really ran, by its provider's name, where it was another than `model`"),
  author: z.string().nullish().describe('who made it in the system that it was imported from'),
})
export type Generation = z.infer<typeof Generation>

export const GenerationPage = z.strictObject({
  generations: z.array(Generation),
  nextCursor: z.string().nullable(),
  previousCursor: z.string().nullable(),
})
export type GenerationPage = z.infer<typeof GenerationPage>

const StorableText = z
  .string()
  .refine(isStorable, 'has a character that cannot be stored (NUL or half of a surrogate pair)')

const TextWithoutFiles = StorableText.refine(
  text => !hasEmbeddedFile(text),
  'must not contain an embedded file; send pictures as references',
)

const Prompt = StorableText.max(LIMITS.promptCharacters, `is longer than ${LIMITS.promptCharacters} characters`)
  .refine(text => text.trim() !== '', 'is empty')
  .refine(text => !/;base64,/i.test(text), 'holds a picture as text; attach it as a reference instead')

export const SubmittedParameters = z.strictObject({
  aspectRatio: z.string().max(100).default('1:1').describe('width to height, as 3:2, of those that the model offers'),
  resolution: z
    .union([z.int().min(1).max(65_536), z.string().regex(RESOLUTION_NAME)])
    .default(1024)
    .describe('side of the square of equal area, a tier of the model (`2K`), pixels (`1536x1024`), or `auto`'),
  numOutputs: z.int().min(1).max(LIMITS.outputs).default(1),
  duration: z.int().min(1).max(3_600).optional(),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  negativePrompt: TextWithoutFiles.max(LIMITS.promptCharacters).optional(),
  settings: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/),
      z.union([z.number(), z.boolean(), TextWithoutFiles.max(1_000)]),
    )
    .optional(),
})
export type SubmittedParameters = z.infer<typeof SubmittedParameters>

/** Body of `POST /api/generate`. A reference is a data URL, the id of an uploaded reference, or an https URL. */
export const Submission = z.strictObject({
  clientId: Uuid.optional(),
  prompt: Prompt,
  model: StorableText.min(1).max(200).optional(),
  parameters: SubmittedParameters.prefault({}),
  referenceImages: z.array(z.string().min(1)).max(LIMITS.references).optional(),
  referenceRoles: z
    .array(z.enum(INPUT_ROLES))
    .max(LIMITS.references)
    .optional()
    .describe('the roles of the first references, in their order; all others are references'),
  referenceImage: z.string().min(1).optional(),
  parent: Parent.optional(),
  insteadOf: Uuid.optional().describe(
    'the generation that this one is made in the place of: it waits for its connection, or has failed by it',
  ),
})
export type Submission = z.infer<typeof Submission>

/** Response of `POST /api/generate/:id/cancel`. `note` is a sentence about what was stopped, and whether the provider may bill it anyway. */
export const Cancellation = z.strictObject({ cancelled: z.boolean(), note: z.string() })
export type Cancellation = z.infer<typeof Cancellation>

/** Body of `PATCH /api/generate/:id`. A favourite is a single output, not the whole generation. */
export const FavouriteChange = z.strictObject({
  outputIndex: z
    .int()
    .min(0)
    .max(LIMITS.outputs - 1),
  favourite: z.boolean(),
})
export type FavouriteChange = z.infer<typeof FavouriteChange>
