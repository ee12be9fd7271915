import type { ServerResponse } from 'node:http'
import { sendWireAnswer } from '../provider-fakes/wire-faults.ts'

/** Faults of the wire: they strike every request. With those of `TAKEN_FAULTS` a submission is made, and billed, all the same. */
const WIRE_FAULTS = [
  'slow',
  'rate-limited',
  'rate-limited-until',
  'no-credit',
  'wrong-key',
  'no-permission',
  'no-permission-to-list',
  'server-error',
  'unavailable',
  'hang',
  'cut-before-answer',
  'cut-after-headers',
  'cut-mid-body',
  'html',
  'huge-error',
  'redirect',
  'echo-key',
  'invalid-json',
] as const

/** Faults of a submission: what is in its answer. */
const ANSWER_FAULTS = [
  'content-refused',
  'output-refused',
  'setting-refused',
  'reference-refused',
  'model-gone',
  'wrong-count',
  'duplicate-answer',
  'empty-answer',
  'wrong-shape',
  'no-image',
  'other-model',
] as const

/** Faults of a response that runs in the background. */
const BACKGROUND_FAULTS = ['expired', 'cancel-refused'] as const

export const FAULTS = [...WIRE_FAULTS, ...ANSWER_FAULTS, ...BACKGROUND_FAULTS] as const
export type Fault = (typeof FAULTS)[number]

const TAKEN_FAULTS: readonly Fault[] = [
  'slow',
  'server-error',
  'hang',
  'cut-before-answer',
  'cut-after-headers',
  'cut-mid-body',
  'html',
  'invalid-json',
  'wrong-count',
  'duplicate-answer',
  'empty-answer',
  'wrong-shape',
  'no-image',
  'other-model',
  ...BACKGROUND_FAULTS,
]

/** Returns whether a submission is made although the fault is on. */
export function isTaken(fault: Fault | null): boolean {
  return fault === null || TAKEN_FAULTS.includes(fault)
}

/** An answer, before a fault changes how it is sent. */
export interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
  /** Events that are sent instead of the body. */
  events?: readonly { type: string }[]
}

export function createError(status: number, error: Record<string, unknown>): Answer {
  return {
    status,
    body: { error: { message: 'No.', type: 'invalid_request_error', param: null, code: null, ...error } },
  }
}

/** Returns the refusal that a fault replaces an answer by; undefined if it does not. */
export function findRefusal(fault: Fault | null, key: string): Answer | undefined {
  return fault === null ? undefined : REFUSALS[fault]?.(key)
}

const RATE_LIMIT = {
  code: 'rate_limit_exceeded',
  type: 'requests',
  message: 'Rate limit reached for gpt-image in organization org-0123456789abcdefghij on images per min.',
}

const REFUSALS: Partial<Record<Fault, (key: string) => Answer>> = {
  'rate-limited': () => createError(429, RATE_LIMIT),
  'rate-limited-until': () => ({ ...createError(429, RATE_LIMIT), headers: { 'retry-after': '7200' } }),
  'no-credit': () =>
    createError(429, {
      type: 'insufficient_quota',
      code: 'credit_balance_exhausted',
      message: 'You exceeded your quota.',
    }),
  'wrong-key': key =>
    createError(401, {
      code: 'invalid_api_key',
      message: `Incorrect API key provided: ${key}. See https://example.com.`,
    }),
  'no-permission': () => createError(403, { message: 'Your organization must be verified to use the model.' }),
  'server-error': () => createError(500, { type: 'server_error', message: 'The server had an error.' }),
  unavailable: () => createError(503, { type: 'server_error', message: 'Overloaded.' }),
  redirect: () => ({ status: 307, body: {}, headers: { location: 'http://127.0.0.1:9/v1/images/generations' } }),
  'echo-key': key => createError(400, { message: `Bad request with Bearer ${key}`, param: key, code: key }),
  'content-refused': () =>
    createError(400, {
      code: 'moderation_blocked',
      type: 'image_generation_user_error',
      message:
        'Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com and include the request ID req_0123456789abcdef0123456789abcdef. safety_violations=[violence].',
      moderation_details: { moderation_stage: 'input', categories: ['violence'] },
    }),
  'output-refused': () =>
    createError(400, {
      code: 'moderation_blocked',
      type: 'image_generation_user_error',
      message: 'The generated image was rejected by the safety system.',
      moderation_details: { moderation_stage: 'output', categories: ['sexual'] },
    }),
  'setting-refused': () =>
    createError(400, {
      code: 'invalid_value',
      param: 'quality',
      message: "Invalid value: 'max'. Supported values are: 'low', 'medium', 'high', and 'auto'.",
    }),
  'reference-refused': () =>
    createError(400, {
      code: 'invalid_image_file',
      param: 'image[0]',
      message: 'Invalid image file or mode for image 1.',
    }),
  'model-gone': () => createError(404, { code: 'model_not_found', message: 'The model does not exist.' }),
}

/** Sends an answer in the way of the fault. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  { fault, signal }: { fault: Fault | null; signal: AbortSignal },
): Promise<void> {
  const body = Buffer.from(answer.events ? formatEvents(answer.events) : JSON.stringify(answer.body))
  const type = answer.events ? 'text/event-stream; charset=utf-8' : 'application/json'
  const headers = { 'content-type': type, ...answer.headers }
  await sendWireAnswer(response, { status: answer.status, body, headers }, { fault, signal })
}

function formatEvents(events: readonly { type: string }[]): string {
  return events.map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}
