import { z } from 'zod'
import { KINDS } from '../enums.ts'
import { LIMITS } from '../limits.ts'
import { parseTime } from './time.ts'

const [FIRST_TIME, LAST_TIME] = [0, Date.UTC(9999, 11, 31, 23, 59, 59, 999)]

const timestamp = z.union([z.string(), z.number()]).transform((value, context) => {
  const date = typeof value === 'number' ? new Date(value) : parseTime(value)
  if (date && date.getTime() >= FIRST_TIME && date.getTime() <= LAST_TIME) return date
  context.addIssue({ code: 'custom', message: 'is not a time from 1970 to 9999' })
  return z.NEVER
})
const pixels = z.int().min(1).max(100_000).nullish()

const url = z
  .url({ protocol: /^https?$/ })
  .max(8_192)
  .nullish()

const ImportedFile = z.looseObject({
  url,
  fileUrl: url,
  file: z.string().min(1).nullish(),
  width: pixels,
  height: pixels,
})

/** A line of `generations.jsonl`: a generation of another system. Every key but the id is optional; unknown keys are ignored. */
export const ImportLine = z.looseObject({
  id: z.union([z.string().min(1).max(500), z.int()]).transform(String),
  prompt: z.string().nullish(),
  status: z.string().nullish(),
  model: z.string().max(200).nullish(),
  modelId: z.string().max(200).nullish(),
  kind: z.enum(KINDS).nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.array(ImportedFile).max(LIMITS.outputs).nullish(),
  error: z.union([z.string(), z.looseObject({ message: z.string() })]).nullish(),
  createdAt: timestamp.nullish(),
  completedAt: timestamp.nullish(),
})
export type ImportLine = z.infer<typeof ImportLine>
