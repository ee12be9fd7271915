import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { ErrorBody, type ModelError } from './wire.ts'

/**
 * Maps a refusal of fal to an error. Its own words are quoted where they help.
 *
 * @see https://fal.ai/docs/documentation/model-apis/errors.md and …/request-errors.md [D]; the texts of 403 are [D, third party]
 */
export const classifyFal: Classifier = ({ status, body }) => {
  const { data } = ErrorBody.safeParse(body)
  const words = readWords(data)
  if (status === 403 && /exhausted balance|top.?up/i.test(words ?? '')) return { code: 'payment_required' }
  if (status === 403) return quoted('no_permission', words)
  if (status === 429 && /concurren/i.test(words ?? '')) return { code: 'too_many_at_once' }
  if (status !== 400 && status !== 422) return undefined
  if (Array.isArray(data?.detail) && data.detail[0]) return classifyModelError(data.detail[0])
  return words === undefined ? undefined : quoted('provider_refused', words)
}

/** Errors of the platform after which the same request may succeed; it bills none of them. [D] request-errors.md, FAQ */
const TRANSIENT = [
  'request_timeout',
  'startup_timeout',
  'runner_scheduling_failure',
  'runner_connection_timeout',
  'runner_connection_refused',
  'runner_connection_error',
  'runner_disconnected',
  'runner_incomplete_response',
]

/**
 * Maps the failure of a request that the queue had taken. One of the model (422) may be billed: it is never repeated. One of the platform
 * is not billed (5xx), and the studio may submit the request again, because it has told fal not to.
 */
export function classifyFailedRequest(
  status: number,
  body: unknown,
  errorType?: string | null,
): ClassifiedRefusal | undefined {
  const { data } = ErrorBody.safeParse(body)
  const type = errorType ?? data?.error_type
  if (type === 'client_cancelled' || type === 'client_disconnected') return { code: 'cancelled_by_provider' }
  if (type !== undefined && TRANSIENT.includes(type)) return { code: 'provider_busy', failure: 'retryable' }
  const [error] = Array.isArray(data?.detail) ? data.detail : []
  if (error) return classifyModelError(error)
  if (type === undefined && status !== 422) return undefined
  return quoted('provider_failed', readWords(data))
}

const REFERENCE_ERROR = /^(?:image_|file_|face_detection|unsupported_image|url_error)/
const MODEL_FAILURE = /^(?:internal_server_error|generation_timeout|downstream_service|no_media_generated)/

function classifyModelError({ type, loc, msg }: ModelError): ClassifiedRefusal {
  const field = loc.find((part): part is string => typeof part === 'string' && part !== 'body')
  if (type === 'content_policy_violation') return quoted('content_refused', msg)
  if (type === 'no_media_generated') return quoted('no_outputs', msg)
  if (MODEL_FAILURE.test(type)) return quoted('provider_failed', msg)
  if (REFERENCE_ERROR.test(type) || /_urls?$/.test(field ?? '')) return quoted('reference_refused', msg)
  const name = field === undefined ? undefined : toSettingTitle(field)
  const message =
    name === undefined ? FAILURES.setting_refused.message : `The provider does not take this value of ${name}.`
  return { code: 'setting_refused', message: withQuote(message, msg) }
}

/** Returns the title of a field: `num_inference_steps` is “Num Inference Steps”. Undefined where it is no name. */
function toSettingTitle(field: string): string | undefined {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(field)) return undefined
  return field
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')
}

function readWords(body: ErrorBody | undefined): string | undefined {
  if (typeof body?.detail === 'string') return body.detail
  return (Array.isArray(body?.detail) ? body.detail[0]?.msg : undefined) ?? body?.error?.message
}

function quoted(code: FailureCode, text: string | undefined): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, text) }
}
