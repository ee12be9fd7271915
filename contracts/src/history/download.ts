import { z } from 'zod'
import { KINDS, OUTPUT_STATES } from '../enums.ts'
import { Parent } from '../generation.ts'
import { INPUT_ROLES } from '../model.ts'

/** Most items of one download. A generation is one item, however many outputs it has. */
export const MAX_DOWNLOAD_ITEMS = 10_000

/** An item of a download: a generation, for all of its outputs, or one output as `<generation id>.<index>`. */
export const DownloadItem = z
  .string()
  .regex(
    /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\.\d{1,2})?$/,
    'is neither the id of a generation nor that of an output (<id>.<index>)',
  )

/** Whether images are downloaded as they are (unless given) or without metadata. */
export const DownloadMetadata = z.literal('none')

/** Body of `POST /api/download`. */
export const DownloadRequest = z.strictObject({
  ids: z.array(DownloadItem).min(1).max(MAX_DOWNLOAD_ITEMS),
  metadata: DownloadMetadata.optional(),
})
export type DownloadRequest = z.infer<typeof DownloadRequest>

/** A file of a download. Size and hash are those of the original. */
export const DownloadedFile = z.strictObject({
  name: z.string(),
  outputIndex: z.int().min(0),
  sha256: z.string().nullable(),
  bytes: z.int().nullable(),
  mimeType: z.string().nullable(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  metadata: z.enum(['removed', 'unchanged']).optional().describe('given where the download asked for files without'),
})

/** A line of `manifest.jsonl`, the last file of a download: a generation, its files, and its outputs that are not among them. */
export const ManifestLine = z.strictObject({
  id: z.uuid(),
  prompt: z.string(),
  model: z.string(),
  kind: z.enum(KINDS),
  parameters: z.record(z.string(), z.unknown()),
  seed: z.unknown(),
  references: z.array(z.strictObject({ sha256: z.string().nullable(), role: z.enum(INPUT_ROLES) })),
  parent: Parent.nullable(),
  cost: z.strictObject({ amount: z.number(), currency: z.string(), estimated: z.boolean() }).nullable(),
  createdAt: z.string(),
  files: z.array(DownloadedFile),
  missing: z.array(
    z.strictObject({
      outputIndex: z.int().min(0),
      state: z.enum(OUTPUT_STATES).describe('`stored` where the file is missing although it should be there'),
    }),
  ),
})
export type ManifestLine = z.infer<typeof ManifestLine>
