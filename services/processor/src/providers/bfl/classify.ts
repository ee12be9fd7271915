import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { createModelSpecs } from './model-specs.ts'
import { ErrorBody } from './wire.ts'

/**
 * Maps a refusal of Black Forest Labs to an error.
 *
 * @see https://docs.bfl.ai/api_integration/errors for the statuses [D]; the words that tell a wrong key from a missing permission, and
 *   too many active tasks from too many requests, are [U]
 */
export const classifyBfl: Classifier = ({ status, body }) => {
  const detail = ErrorBody.safeParse(body).data?.detail
  const text = typeof detail === 'string' ? detail : undefined
  if (status === 403) return isKeyRefused(text) ? { code: 'key_refused' } : quoted('no_permission', text)
  if (status === 429)
    return { code: /active|concurrent|in progress/i.test(text ?? '') ? 'too_many_at_once' : 'rate_limited' }
  if (status === 422 && Array.isArray(detail)) return classifyField(detail)
  if ((status === 400 || status === 422) && text !== undefined) return quoted(detectCode(text), text)
  return undefined
}

function isKeyRefused(text: string | undefined): boolean {
  return /authenticat|api.?key|x-key/i.test(text ?? '')
}

function detectCode(text: string): FailureCode {
  if (/moderat|content policy/i.test(text)) return 'content_refused'
  return /image|mask/i.test(text) ? 'reference_refused' : 'provider_refused'
}

/** Returns the error of the first field that is wrong. */
function classifyField([first]: readonly { loc: readonly (string | number)[]; msg: string }[]): ClassifiedRefusal {
  const field = String(first?.loc.findLast(part => typeof part === 'string' && part !== 'body') ?? '')
  if (/^(?:input_image|image$|mask$)/.test(field)) return quoted('reference_refused', first?.msg)
  return { code: 'setting_refused', message: withQuote(describeField(field), first?.msg) }
}

/** Titles of the settings of all models. */
const TITLES = new Map(
  createModelSpecs('').flatMap(({ settings }) => Object.entries(settings).map(([name, { title }]) => [name, title])),
)

function describeField(field: string): string {
  if (field === 'prompt') return 'Black Forest Labs does not take this prompt.'
  if (['width', 'height', 'aspect_ratio'].includes(field)) return 'Black Forest Labs does not take this size.'
  const title = TITLES.get(field)
  return title === undefined
    ? FAILURES.setting_refused.message
    : `Black Forest Labs does not take this value of ${title}.`
}

function quoted(code: FailureCode, text: string | undefined): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, text) }
}
