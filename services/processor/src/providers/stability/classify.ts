import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import type { Setting } from '@darkroom/contracts/model'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { parseRetryAfter } from '../http/retry-after.ts'
import { CATALOGUE } from './catalogue.ts'
import { ErrorBody } from './wire.ts'

/** More than 150 requests in 10 seconds are refused for a minute [D]. */
const LIMITED_SECONDS = 60

/**
 * Maps a refusal of Stability AI to an error: `{id, name, errors: ["<field>: <reason>"]}` [D]. Its own words are quoted where they help.
 * Nothing that is refused is billed: "you will not be charged for failed generations" [D].
 */
export const classifyStability: Classifier = ({ status, headers, body }) => {
  if (status === 429) return { code: 'rate_limited', retryAfterSeconds: parseRetryAfter(headers) ?? LIMITED_SECONDS }
  const error = ErrorBody.safeParse(body).data
  if (!error || status >= 500) return undefined
  const reasons = error.errors ?? (error.message === undefined ? [] : [error.message])
  const words = reasons.join(' ')
  if (error.name === 'content_moderation') return quoted('content_refused', words)
  if (status === 403) return quoted('no_permission', words)
  return status === 400 || status === 422 ? classifyFields(status, reasons) : undefined
}

const FIELD = /^\s*([a-z][a-z0-9_]{1,60})\s*:\s*(.*)$/s
const IMAGES: ReadonlySet<string> = new Set(
  Object.values(CATALOGUE).flatMap(({ images }) => images.map(({ field }) => field)),
)
const SETTINGS: Readonly<Record<string, Setting>> = Object.assign(
  {},
  ...Object.values(CATALOGUE).map(({ settings }) => settings),
)

function classifyFields(status: number, reasons: readonly string[]): ClassifiedRefusal {
  const words = reasons.join(' ')
  const found = reasons.map(reason => FIELD.exec(reason)).find(match => match !== null)
  const [, field, reason] = found ?? []
  if (field === undefined) return quoted(status === 422 ? 'setting_refused' : 'provider_refused', words)
  if (IMAGES.has(field)) return quoted('reference_refused', reason)
  return { code: 'setting_refused', message: withQuote(describeField(field), reason) }
}

function describeField(field: string): string {
  if (field === 'prompt' || field === 'background_prompt') return 'Stability AI does not take this prompt.'
  if (field === 'aspect_ratio') return 'Stability AI does not take this ratio.'
  const title = Object.hasOwn(SETTINGS, field) ? SETTINGS[field]?.title : undefined
  return title === undefined ? FAILURES.setting_refused.message : `Stability AI does not take this value of “${title}”.`
}

function quoted(code: FailureCode, words: string | undefined): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, words) }
}
