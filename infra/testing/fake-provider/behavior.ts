import { z } from 'zod'

const times = z.int().min(1).optional().describe('number of times; always unless given')

/** A fault of a request. */
export const RequestFault = z.strictObject({
  kind: z.enum(['status', 'hang', 'reset', 'cut', 'malformed', 'wrong-shape']),
  status: z.int().min(300).max(599).optional().describe('for `status`; 500 unless given'),
  retryAfter: z.string().optional().describe('the header, verbatim'),
  taken: z.boolean().optional().describe('the prediction is started all the same, and its id is not returned'),
  times,
})
export type RequestFault = z.infer<typeof RequestFault>

/** A fault of an output's file. */
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
  status: z.int().min(400).max(599).optional().describe('for `status`; 500 unless given'),
  to: z.string().optional().describe('for `redirect`; a port on loopback unless given'),
  after: z.int().min(1).optional().describe('number of successes before the fault: a URL that expires'),
  times: times.describe('number of times per file; always unless given'),
})
export type FileFault = z.infer<typeof FileFault>

/** The way in which a response with bytes is sent. */
export const AnswerBehavior = z.strictObject({
  slowOneIn: z.int().min(1).describe('one in so many responses is delayed'),
  delayMs: z.tuple([z.number().min(0), z.number().min(0)]).describe('least and most time before the headers'),
  pieceBytes: z.int().min(1).nullable().describe('size of the pieces in which a line is sent; null: whole'),
  pieceMs: z.number().min(0).describe('pause between pieces'),
  cut: z
    .strictObject({
      at: z.enum(['before', 'headers', 'middle', 'after']).describe('`after`: all lines are sent, the end is not'),
      times,
    })
    .nullable()
    .describe('the connection is reset at this point; the outputs are made all the same'),
})
export type AnswerBehavior = z.infer<typeof AnswerBehavior>

/** Faults of a list of outputs. */
export const OUTPUT_FAULTS = ['missing', 'null', 'not-a-list', 'empty', 'fewer', 'more', 'twice', 'hostile'] as const
export type OutputFault = (typeof OUTPUT_FAULTS)[number]

/** The behavior of the fake provider. The duration of a prediction is fixed when it is submitted. */
export const Behavior = z.strictObject({
  delayMs: z.number().min(0).describe('duration of all outputs of a prediction'),
  oneAtATime: z.boolean().describe('outputs are listed as they finish, else all together'),
  readyOutputs: z.int().min(0).nullable().describe('number of outputs that finish until this is raised; null: all'),
  queuePosition: z.int().min(0).nullable().describe('no prediction starts while this is set'),
  lookAgainSeconds: z.number().min(0).describe('suggested time until the next check'),
  expiresInSeconds: z.number().nullable().describe('lifetime that an output’s URL claims'),
  recognisesKeys: z.boolean().describe('a repeated idempotency key returns the same prediction'),
  failure: z
    .strictObject({ code: z.string(), message: z.string() })
    .nullable()
    .describe('error with which predictions end'),
  failsOneIn: z.int().min(1).nullable().describe('one in so many predictions of a job ends with a failure'),
  reportsCosts: z.boolean().describe('most predictions report a cost of their own; else the price list holds'),
  lookup: RequestFault.nullable().describe('of look-ups by idempotency key'),
  forgetsKeys: z.boolean().describe('a look-up by idempotency key cannot say whether there is a prediction'),
  cancelTooLate: z.boolean(),
  previewEveryMs: z
    .number()
    .min(1)
    .nullable()
    .describe('time between two previews of each output; null: none are made'),
  answer: AnswerBehavior,
  submitDelayMs: z.number().min(0).describe('time before the id of a job is given'),
  submit: RequestFault.nullable(),
  check: RequestFault.nullable(),
  cancel: RequestFault.nullable(),
  output: z.enum(OUTPUT_FAULTS).nullable(),
  holdFiles: z.boolean().describe('files are not sent while this is set'),
  fileDelayMs: z.number().min(0),
  fileType: z
    .enum(['png', 'mp4', 'webm', 'recorded'])
    .describe('`recorded`: a WebM that a browser plays; `mp4` and `webm` have no frames'),
  hasPosters: z.boolean().describe('outputs name an image of the same size beside their file'),
  fileBytes: z.int().min(0).describe('approximate size of a file, by padding'),
  files: z.record(z.string(), FileFault).describe('by index, or `*` for every index without one'),
})
export type Behavior = z.infer<typeof Behavior>

export const BehaviorChange = Behavior.partial()
export type BehaviorChange = z.infer<typeof BehaviorChange>

/** Every request succeeds at once. */
export const DEFAULT_BEHAVIOR: Behavior = {
  delayMs: 0,
  oneAtATime: false,
  readyOutputs: null,
  queuePosition: null,
  lookAgainSeconds: 0.05,
  expiresInSeconds: 3_600,
  recognisesKeys: false,
  failure: null,
  failsOneIn: null,
  reportsCosts: false,
  lookup: null,
  forgetsKeys: false,
  cancelTooLate: false,
  previewEveryMs: null,
  submitDelayMs: 0,
  answer: { slowOneIn: 1, delayMs: [0, 0], pieceBytes: null, pieceMs: 0, cut: null },
  submit: null,
  check: null,
  cancel: null,
  output: null,
  holdFiles: false,
  fileDelayMs: 0,
  fileType: 'png',
  hasPosters: false,
  fileBytes: 0,
  files: {},
}
