import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { z } from 'zod'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier, Refusal } from '../http/refusal.ts'
import { classifyContent } from '../openai/classify.ts'
import { ErrorBody } from '../openai/wire.ts'

/** Texts of an error, wherever its server puts them. */
interface ErrorDetails {
  /** Sentence of the server, which may be anything. */
  message: string
  /** Its codes and types, joined. */
  codes: string
  /** Names of fields that it points at. */
  params: readonly string[]
}

const text = z.string().catch('')
const AnyErrorBody = z.looseObject({
  error: z.union([z.string(), z.looseObject({ message: text, code: text, type: text, param: text })]).optional(),
  message: text,
  code: text,
  detail: z
    .union([
      z.string(),
      z.array(z.looseObject({ msg: text, loc: z.array(z.union([z.string(), z.number()])).catch([]) })),
    ])
    .optional()
    .catch(undefined),
})

const NO_CREDIT = /insufficient_quota|insufficient_credit|credit_balance|spend_limit|usage_limit_exceeded|billing/i
const CONTENT = /content_policy|content_filter|moderation|safety|nsfw/i
/** Statuses with which a server refuses a field. */
const FIELD_STATUSES: readonly number[] = [400, 415, 422]
/** The label of the setting of a dialect that decides about a field. */
const DIALECT_SETTINGS: Readonly<Record<string, string>> = {
  size: 'Sizes',
  width: 'Sizes',
  height: 'Sizes',
  aspect_ratio: 'Sizes',
  resolution: 'Sizes',
  response_format: 'Response format',
  seed: 'Takes a seed',
  random_seed: 'Takes a seed',
  negative_prompt: 'Takes a negative prompt',
  step: 'Takes a number of steps',
  steps: 'Takes a number of steps',
  num_inference_steps: 'Takes a number of steps',
  mask: 'Takes a mask',
}
const REFERENCE_FIELDS: readonly string[] = [
  'image',
  'image[]',
  'images',
  'image_url',
  'input_references',
  'ref_images',
]
/** Fields that every request has. */
const COMMON_FIELDS: readonly string[] = ['prompt']
/** Fields that are words of any sentence: they are meant only where they are quoted. */
const COMMON_WORDS: readonly string[] = ['model', 'image', 'images', 'mask', 'step', 'steps', 'strength']

/**
 * Creates the classifier of one request's refusals.
 *
 * @param options.fields names of the fields that were sent: no other is named to users
 */
export function createClassifier(options: { fields: readonly string[]; hasKey: boolean }): Classifier {
  return refusal => {
    const details = readDetails(refusal.body)
    const error = ErrorBody.safeParse(refusal.body).data?.error
    return (
      (error && classifyContent(error)) ??
      classifyAccount(refusal, details, options.hasKey) ??
      classifyRequest(refusal, details, options.fields)
    )
  }
}

function classifyAccount({ status }: Refusal, details: ErrorDetails, hasKey: boolean): ClassifiedRefusal | undefined {
  if (status === 401 && !hasKey)
    return {
      code: 'key_refused',
      message: 'The server wants a key, and this connection has none. Enter it in Settings, Connections.',
    }
  if (status === 402 || ([400, 403, 429].includes(status) && NO_CREDIT.test(details.codes)))
    return { code: 'payment_required' }
  return undefined
}

function classifyRequest(
  { status }: Refusal,
  details: ErrorDetails,
  fields: readonly string[],
): ClassifiedRefusal | undefined {
  if (status >= 400 && status < 500 && CONTENT.test(details.codes)) return quote('content_refused', details)
  if (status === 403) return quote('no_permission', details)
  if (FIELD_STATUSES.includes(status)) return refuseField(status, details, fields)
  if (status !== 404) return undefined
  return {
    code: 'model_unknown',
    message:
      'The server does not have this model, or makes no pictures at this path (404). Check the connection in Settings.',
  }
}

/** Returns a failure in the words of the table, followed by those of the server. */
function quote(code: FailureCode, { message }: ErrorDetails): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, message) }
}

/** Names the field that was refused, and where in Settings it is changed: nothing is sent again by itself. */
function refuseField(status: number, details: ErrorDetails, fields: readonly string[]): ClassifiedRefusal {
  const field = findField(details, fields)
  if (field === undefined)
    return { code: 'provider_refused', message: withQuote(`The server refused (${status}).`, details.message) }
  if (field === 'model')
    return { code: 'model_unknown', message: withQuote('The server does not take this model.', details.message) }
  if (REFERENCE_FIELDS.includes(field))
    return {
      code: 'reference_refused',
      message: `The server does not take reference images in the field “${field}” (${status}). ${describeChange('References')}`,
    }
  const setting = DIALECT_SETTINGS[field]
  const change = setting === undefined ? '' : ` ${describeChange(setting)}`
  const message = `The server does not take the field “${field}”, or not this value (${status}).${change}`
  return { code: 'setting_refused', message: withQuote(message, details.message) }
}

function describeChange(setting: string): string {
  return `Nothing was made. Change “${setting}” in Settings, Connections: what this server takes.`
}

/** Returns the field that an error is about: the one it points at, else the first that its text quotes or names. */
function findField({ params, message }: ErrorDetails, fields: readonly string[]): string | undefined {
  const candidates = fields.filter(field => !COMMON_FIELDS.includes(field))
  const pointed = candidates.find(field => params.some(param => toParam(param) === toParam(field)))
  const quoted = candidates.find(field => new RegExp(`['"\`‘“]${toParam(field)}(\\[\\])?['"\`’”]`).test(message))
  const named = candidates.filter(field => !COMMON_WORDS.includes(toParam(field)))
  return pointed ?? quoted ?? named.find(field => new RegExp(`\\b${toParam(field)}\\b`).test(message))
}

/** Returns the name of a field without the brackets of a list: `image` of `image[]` and `image[0]`. */
function toParam(field: string): string {
  return field.replace(/\[\w*\]?$/, '')
}

function readDetails(body: unknown): ErrorDetails {
  if (typeof body === 'string') return { message: body, codes: '', params: [] }
  const { data } = AnyErrorBody.safeParse(body)
  if (!data) return { message: '', codes: '', params: [] }
  const error = typeof data.error === 'string' ? { message: data.error } : data.error
  const detail = typeof data.detail === 'string' ? [{ msg: data.detail, loc: [] }] : (data.detail ?? [])
  const located = detail.flatMap(({ loc }) => loc.map(String))
  return {
    message: error?.message || data.message || detail.map(({ msg }) => msg).join(' '),
    codes: [data.code, error && 'code' in error ? `${error.code} ${error.type}` : ''].join(' '),
    params: [...(error && 'param' in error && error.param ? [String(error.param)] : []), ...located],
  }
}
