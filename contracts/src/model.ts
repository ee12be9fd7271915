import { z } from 'zod'
import { ASPECT_RATIOS, KINDS, RESOLUTIONS } from './enums.ts'

const label = z.string().max(100)

/** A setting of a model, as data: the composer renders it, ingest validates against it. */
export const Setting = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('number'),
    label,
    min: z.number(),
    max: z.number(),
    step: z.number(),
    default: z.number(),
  }),
  z.strictObject({ type: z.literal('boolean'), label, default: z.boolean() }),
  z.strictObject({ type: z.literal('choice'), label, choices: z.array(z.string()).min(1), default: z.string() }),
])
export type Setting = z.infer<typeof Setting>

/** A model and its capabilities. The composer offers these only, and ingest rejects everything else. */
export const Model = z.strictObject({
  id: z.string(),
  name: z.string(),
  provider: z.string(),
  kind: z.enum(KINDS),
  note: z.string().nullable().describe('a sentence people should know before they use it'),
  aspectRatios: z.array(z.enum(ASPECT_RATIOS)).min(1),
  resolutions: z.array(z.literal([...RESOLUTIONS])).min(1),
  durations: z.array(z.int()).describe('whole seconds; empty for pictures'),
  maxOutputs: z.int().min(1),
  outputsPerCall: z.int().min(1).describe('larger submissions are split into several provider calls'),
  maxReferences: z.int().min(0),
  promptCharacters: z.int().min(1),
  seed: z.boolean(),
  negativePrompt: z.boolean(),
  settings: z.record(z.string(), Setting),
  cost: z.strictObject({ amount: z.number(), currency: z.string() }).nullable().describe('an output; null if free'),
  estimatedSeconds: z.number().describe('one output, until five of that size were made'),
  estimatedSecondsEach: z.number().describe('each further output'),
  maxSeconds: z.int().min(1).describe('longest that one call may take at the provider'),
  learnedSeconds: z.record(z.string(), z.number()).describe('median seconds by number of outputs, once learned'),
})
export type Model = z.infer<typeof Model>

export const Models = z.array(Model)
