import { z } from 'zod'

const count = z.int().min(0)

/** Something that was not imported: the line, file or row by its name, and the reason. Both are printable. */
export const ImportFailure = z.strictObject({ name: z.string(), reason: z.string() })
export type ImportFailure = z.infer<typeof ImportFailure>

/** The outcome of an import, as `bun run import --json` prints it. */
export const ImportReport = z.strictObject({
  imported: count.describe('with `dryRun`: what would be imported'),
  known: count.describe('imported before, or given twice'),
  failed: count,
  failures: z.array(ImportFailure).describe('the first 1,000; all are written to standard error'),
  unknownKeys: z.record(z.string(), count).describe('keys that were dropped, and in how many places'),
  passedOver: z.record(z.string(), count).describe('files of other kinds, by extension'),
  leftOut: z.record(z.string(), count).describe('parts of what was imported that are not, by the reason'),
  dryRun: z.boolean(),
  isComplete: z.boolean().describe('false if the import broke off'),
  seconds: z.number(),
})
export type ImportReport = z.infer<typeof ImportReport>

/** A message from the process of an import to its command: a line of JSON. */
export const ImportMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('failure'), failure: ImportFailure }),
  z.strictObject({
    type: z.literal('progress'),
    done: count,
    total: count,
    unit: z.enum(['bytes', 'files', 'rows']),
    records: count,
  }),
  z.strictObject({ type: z.literal('broken'), reason: z.string() }),
  z.strictObject({ type: z.literal('report'), report: ImportReport }),
])
export type ImportMessage = z.infer<typeof ImportMessage>
