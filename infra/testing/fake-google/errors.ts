import type { WireAnswer } from '../provider-fakes/wire-faults.ts'

interface ErrorOptions {
  status: string
  message: string
  /** Field that is refused. */
  field?: string
  /** Reason of google.rpc.ErrorInfo. */
  reason?: string
  /** Delay of google.rpc.RetryInfo. */
  retryDelay?: string
}

/** Creates an error in the shape of Google's APIs. [D] https://google.aip.dev/193, https://ai.google.dev/gemini-api/docs/troubleshooting */
export function createError(code: number, { status, message, field, reason, retryDelay }: ErrorOptions): WireAnswer {
  const type = (name: string) => `type.googleapis.com/google.rpc.${name}`
  const details = [
    ...(reason === undefined ? [] : [{ '@type': type('ErrorInfo'), reason, domain: 'googleapis.com' }]),
    ...(field === undefined
      ? []
      : [{ '@type': type('BadRequest'), fieldViolations: [{ field, description: message }] }]),
    ...(retryDelay === undefined ? [] : [{ '@type': type('RetryInfo'), retryDelay }]),
  ]
  return { status: code, body: { error: { code, message, status, ...(details.length > 0 && { details }) } } }
}

/** Creates the error of a request with a field that is not taken. */
export function createFieldError(field: string, message: string): WireAnswer {
  return createError(400, { status: 'INVALID_ARGUMENT', message, field })
}

/** Creates the error of something that is not there. */
export function createNotFound(what: string): WireAnswer {
  return createError(404, { status: 'NOT_FOUND', message: `${what} is not found for API version v1beta.` })
}

export function isAnswer(value: object): value is WireAnswer {
  return 'status' in value && 'body' in value
}

/** Responses by which a request is refused, by fault. */
export const REFUSALS: Partial<Record<string, (key: string) => WireAnswer>> = {
  'rate-limited': () => createError(429, { status: 'RESOURCE_EXHAUSTED', message: 'Resource has been exhausted.' }),
  // [D, third party] google-gemini/gemini-cli#8437
  'rate-limited-until': () =>
    createError(429, {
      status: 'RESOURCE_EXHAUSTED',
      message: 'You exceeded your current quota, please check your plan and billing details.',
      retryDelay: '7200s',
    }),
  // [D, third party] dyad-sh/dyad#3626; its status is [U]
  'no-credit': () =>
    createError(429, {
      status: 'RESOURCE_EXHAUSTED',
      message:
        'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.',
    }),
  'wrong-key': () =>
    createError(400, {
      status: 'INVALID_ARGUMENT',
      message: 'API key not valid. Please pass a valid API key.',
      reason: 'API_KEY_INVALID',
    }),
  'no-permission': () =>
    createError(403, {
      status: 'PERMISSION_DENIED',
      message: 'Generative Language API has not been used in this project before or it is disabled.',
      reason: 'SERVICE_DISABLED',
    }),
  unavailable: () => createError(503, { status: 'UNAVAILABLE', message: 'The model is overloaded.' }),
  'echo-key': key => createError(400, { status: 'INVALID_ARGUMENT', message: `Bad request with ${key}` }),
  'setting-refused': () =>
    createFieldError('generation_config.thinking_level', 'Thinking level MEDIUM is not supported for this model.'),
  // [D, third party] the text that a damaged image is answered with
  'reference-refused': () =>
    createError(400, { status: 'INVALID_ARGUMENT', message: 'Unable to process input image. Please retry.' }),
  'model-gone': () => createNotFound('models/gemini-gone-image'),
  'field-refused': () => createFieldError('response_format', 'The background of this image is not supported.'),
}
