import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { ProviderError } from '../adapter.ts'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { ErrorBody } from './wire.ts'

/**
 * Maps a refusal of Replicate to an error. The wait of a 429 is in its words: `Your rate limit resets in ~30s.`
 *
 * @see https://replicate.com/docs/topics/predictions/rate-limits [D]; the bodies of 4xx are [U]
 */
export const classifyReplicate: Classifier = ({ status, body }) => {
  const { data } = ErrorBody.safeParse(body)
  if (!data || status >= 500) return undefined
  const words = data.detail ?? data.title ?? undefined
  if (status === 429) return { code: 'rate_limited', ...readReset(words) }
  if (status === 403) return quoted('no_permission', words)
  if (status !== 400 && status !== 422) return undefined
  if (isContent(words)) return quoted('content_refused', words)
  if (
    /\bversion\b/i.test(`${data.title} ${data.detail}`) &&
    /invalid|not exist|not permitted/i.test(`${data.title} ${words}`)
  )
    return { code: 'model_unknown' }
  const [field] = data.invalid_fields ?? []
  const text = field ? `${field.field ?? ''} ${field.description ?? ''}`.trim() : words
  return quoted(isAboutImage(text) ? 'reference_refused' : 'setting_refused', text?.replaceAll(/\binput\.(?=\w)/g, ''))
}

/** Returns the error of a prediction that has failed, by its own words, which are all that Replicate gives. */
export function toPredictionError(error: unknown): ProviderError {
  const words = typeof error === 'string' ? error : undefined
  const { code, message } = quoted(isContent(words) ? 'content_refused' : 'provider_failed', words)
  return new ProviderError(code, { ...(message !== undefined && { message }) })
}

/** Words of models that refuse a content. `E005` is Replicate's own number for it. [U] */
const CONTENT =
  /\bnsfw\b|\bE005\b|flagged|sensitive|moderat|safety (?:filter|system|checker)|content (?:policy|filter)|policy violation|prohibited|violat\w{0,5} .{0,60}polic|responsible ai/i

function isContent(words: string | undefined): boolean {
  return words !== undefined && CONTENT.test(words)
}

/** A refusal names the input first: `- input.image: Does not match format 'uri'`. */
const IMAGE_INPUT = /^[-\s]*(?:input\.)?(?:\w*image\w*|mask|\w+_frame)\b/
const UNREADABLE =
  /(?:unable to|failed to|could not|cannot) (?:load|read|open|decode|identify|download)\b.{0,40}(?:image|file)/i

function isAboutImage(text = ''): boolean {
  return IMAGE_INPUT.test(text) || UNREADABLE.test(text)
}

function readReset(words: string | undefined): Pick<ClassifiedRefusal, 'retryAfterSeconds'> {
  const [, number, unit = 's'] = /resets? in ~?\s*(\d{1,5}(?:\.\d+)?)\s*(ms|s|m|h)/i.exec(words ?? '') ?? []
  return number === undefined ? {} : { retryAfterSeconds: Number(number) * (UNITS[unit.toLowerCase()] ?? 1) }
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600 }

function quoted(code: FailureCode, words: string | undefined): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, words) }
}
