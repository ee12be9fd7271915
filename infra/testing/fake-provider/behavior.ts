import { z } from 'zod'

const times = z.int().min(1).optional().describe('so many times, then no more; without it always')

/** A way for a question to go wrong instead of being answered. */
export const RequestFault = z.strictObject({
  kind: z.enum(['status', 'hang', 'reset', 'cut', 'malformed', 'wrong-shape']),
  status: z.int().min(300).max(599).optional().describe('for `status`; 500 unless said'),
  retryAfter: z.string().optional().describe('the header, as it is'),
  taken: z.boolean().optional().describe('the work is begun all the same, and nobody is told its id'),
  times,
})
export type RequestFault = z.infer<typeof RequestFault>

/** A way for an output's file to be something else. */
export const FileFault = z.strictObject({
  kind: z.enum([
    'status',
    'truncated',
    'cut-without-length',
    'cut-in-chunks',
    'in-chunks',
    'stall',
    'wrong-type',
    'html',
    'garbage',
    'endless',
    'drip',
    'hang',
    'redirect',
  ]),
  status: z.int().min(400).max(599).optional().describe('for `status`; 500 unless said'),
  to: z.string().optional().describe('for `redirect`; a port on loopback unless said'),
  after: z.int().min(1).optional().describe('only after so many good answers: an address that expires'),
  times: times.describe('so many times for each file, then no more; without it always'),
})
export type FileFault = z.infer<typeof FileFault>

/** A way for a list of outputs to be wrong. */
export const OUTPUT_FAULTS = ['missing', 'null', 'not-a-list', 'empty', 'fewer', 'more', 'twice', 'hostile'] as const
export type OutputFault = (typeof OUTPUT_FAULTS)[number]

/** How the fake provider behaves from now on. What a prediction takes in time is settled when it is submitted. */
export const Behavior = z.strictObject({
  delayMs: z.number().min(0).describe('that making all outputs of a prediction takes'),
  oneAtATime: z.boolean().describe('outputs are shown as they are made, else all together'),
  readyOutputs: z.int().min(0).nullable().describe('at most so many are made, until this is raised; null: no gate'),
  queuePosition: z.int().min(0).nullable().describe('nothing is begun while this is set'),
  lookAgainSeconds: z.number().min(0).describe('when to ask again'),
  expiresInSeconds: z.number().nullable().describe('that an output’s address claims to live'),
  recognisesKeys: z.boolean().describe('a repeated idempotency key gives the same prediction instead of another'),
  failure: z.strictObject({ code: z.string(), message: z.string() }).nullable().describe('how predictions end'),
  cancelTooLate: z.boolean(),
  submit: RequestFault.nullable(),
  check: RequestFault.nullable(),
  cancel: RequestFault.nullable(),
  output: z.enum(OUTPUT_FAULTS).nullable(),
  holdFiles: z.boolean().describe('files are not sent until this is over'),
  fileDelayMs: z.number().min(0),
  fileType: z.enum(['png', 'mp4', 'webm']),
  fileBytes: z.int().min(0).describe('that a file is filled up to, about'),
  files: z.record(z.string(), FileFault).describe('by index, or `*` for each that has none of its own'),
})
export type Behavior = z.infer<typeof Behavior>

export const BehaviorChange = Behavior.partial()
export type BehaviorChange = z.infer<typeof BehaviorChange>

/** Everything goes well, at once. */
export const DEFAULT_BEHAVIOR: Behavior = {
  delayMs: 0,
  oneAtATime: false,
  readyOutputs: null,
  queuePosition: null,
  lookAgainSeconds: 0.05,
  expiresInSeconds: 3_600,
  recognisesKeys: false,
  failure: null,
  cancelTooLate: false,
  submit: null,
  check: null,
  cancel: null,
  output: null,
  holdFiles: false,
  fileDelayMs: 0,
  fileType: 'png',
  fileBytes: 0,
  files: {},
}
