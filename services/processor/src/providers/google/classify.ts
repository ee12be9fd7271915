import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier, Refusal } from '../http/refusal.ts'
import { classifyContentWords } from './refused-content.ts'
import { type ApiError, ErrorBody } from './wire.ts'

/**
 * Maps a refusal of Google to an error. Its own words are quoted where they help: for content, settings, references and permissions.
 *
 * @see https://ai.google.dev/gemini-api/docs/troubleshooting [D]; the texts that are told apart here are [D, third party] or [U]
 */
export const classifyGoogle: Classifier = refusal => {
  const error = readError(refusal)
  if (!error || refusal.status >= 500) return undefined
  return classifyKey(error) ?? classifyAccount(refusal.status, error) ?? classifyRequest(refusal.status, error)
}

/** Returns whether a refusal says that nothing was taken because a model does not run in the background: a 400 that names the field. */
export function isBackgroundRefused(refusal: Refusal): boolean {
  const error = readError(refusal)
  if (refusal.status !== 400 || !error) return false
  if (error.status !== undefined && error.status !== 'INVALID_ARGUMENT') return false
  const fields = listFields(error)
  if (fields.length > 0) return fields.some(({ field }) => field === 'background')
  return /\bbackground\b/i.test(error.message ?? '')
}

function readError({ body }: Pick<Refusal, 'body'>): ApiError | undefined {
  return ErrorBody.safeParse(body).data?.error
}

function listFields({ details }: ApiError) {
  return details?.flatMap(({ fieldViolations }) => fieldViolations ?? []) ?? []
}

const KEY_REASONS = ['API_KEY_INVALID', 'API_KEY_EXPIRED']

/** Returns the failure of a key: a wrong one is a 400 of Google, and one that was found in public a 403. */
function classifyKey({ details, message = '' }: ApiError): ClassifiedRefusal | undefined {
  const isRefused =
    details?.some(({ reason }) => KEY_REASONS.includes(reason ?? '')) ||
    /\bAPI key (?:not valid|not found|expired)\b/i.test(message)
  if (isRefused) return { code: 'key_refused' }
  if (!/\bkey was reported as leaked\b/i.test(message)) return undefined
  return {
    code: 'key_refused',
    message: 'Google has disabled the key because it was found in public. Make a new one, and replace it in Settings.',
  }
}

/** A limit that waiting does not lift: there is no credit, no billing, or no free use of the model. */
const MONEY_WORDS =
  /prepayment credits|spend(?:ing)? (?:cap|limit)|\benable billing\b|billing (?:account|is) (?:not|disabled)/i
const NO_FREE_USE = /free_tier.{0,200}\blimit: 0\b|doesn't have a free quota tier/is

function classifyAccount(status: number, error: ApiError): ClassifiedRefusal | undefined {
  const { message = '' } = error
  if (status !== 400 && status !== 403 && status !== 429) return undefined
  if (MONEY_WORDS.test(message)) return { code: 'payment_required' }
  if (status === 429 && NO_FREE_USE.test(message))
    return {
      code: 'payment_required',
      message:
        'Google has no free use of this model. Set up billing for the key in AI Studio, then check the connection.',
    }
  if (status === 429) return { code: 'rate_limited', ...findRetryDelay(error) }
  if (status === 403) return quoted('no_permission', message)
  if (/\blocation is not supported\b/i.test(message))
    return { code: 'provider_refused', message: 'Google does not serve the country that this computer is in.' }
  return undefined
}

/** Returns the time of the next try, if the details name it: `36s`, `3.5s`. [D google.rpc.RetryInfo] */
function findRetryDelay({ details }: ApiError): { retryAfterSeconds?: number } {
  const delay = details?.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay
  const [, seconds] = /^(\d{1,7}(?:\.\d+)?)s$/.exec(delay ?? '') ?? []
  return seconds === undefined ? {} : { retryAfterSeconds: Number(seconds) }
}

const IMAGE_FIELD = /image(?!_?(?:size|config))|inline_?data|last_?frame|mime_?type/i

function classifyRequest(status: number, error: ApiError): ClassifiedRefusal | undefined {
  if (status !== 400) return undefined
  const { message = '' } = error
  const content = classifyContentWords(message)
  if (content) return quoted(content, message)
  const [violation] = listFields(error)
  if (IMAGE_FIELD.test(violation?.field ?? '') || /\b(?:input|provided) image\b/i.test(message))
    return quoted('reference_refused', message)
  return message === '' ? undefined : quoted('setting_refused', message)
}

function quoted(code: FailureCode, text: string): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, text) }
}
