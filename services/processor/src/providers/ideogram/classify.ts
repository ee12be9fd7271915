import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { ErrorBody } from './wire.ts'

/**
 * Maps a refusal of Ideogram to an error.
 *
 * @see https://developer.ideogram.ai/ideogram-api/errors and /rate-limits [D]; the words of an invalid request are [U]
 */
export const classifyIdeogram: Classifier = ({ status, body }) => {
  const { data } = ErrorBody.safeParse(body)
  const text = data?.error ?? data?.message ?? data?.detail
  if (data?.reject_reason === 'inflight_limit') return { code: 'too_many_at_once' }
  switch (status) {
    case 400:
      return classifyInvalid(text)
    case 401:
      return { code: 'key_refused', message: KEY_REFUSED }
    case 402:
      return classifyPayment(data?.reject_reason, text)
    case 403:
      return quoted('no_permission', text)
    case 422:
      return quoted('content_refused', text)
    default:
      return undefined
  }
}

/** A key whose account has run out is refused like one that is wrong [D, third party]. */
const KEY_REFUSED =
  'Ideogram does not accept the key, or has paused it because the balance is used up. Replace it in Settings, Connections, or add credit.'

/** Returns the error of a limit of the account, which waiting does not lift: no balance, or a limit of its plan. */
function classifyPayment(reason: string | undefined, text: string | undefined): ClassifiedRefusal {
  if (reason === undefined || reason === 'insufficient_funds') return { code: 'payment_required' }
  return { code: 'payment_required', message: withQuote(LIMIT_REACHED, text) }
}

const LIMIT_REACHED =
  'A limit of the account at Ideogram is reached, or its plan does not include this. Change it there, then check the connection in Settings.'

/** Titles of fields that are settings of a submission. */
const FIELDS: readonly (readonly [words: RegExp, title: string])[] = [
  [/\bquality\b/i, 'Quality'],
  [/\bmagic_prompt\b/i, 'Extend the prompt'],
  [/\bsize\b/i, 'the size'],
  [/\bseed\b/i, 'the seed'],
]

function classifyInvalid(text: string | undefined): ClassifiedRefusal {
  const field = FIELDS.find(([words]) => words.test(text ?? ''))
  if (field)
    return { code: 'setting_refused', message: withQuote(`Ideogram does not take this value of ${field[1]}.`, text) }
  return quoted(/\b(?:image|images|mask|file)\b/i.test(text ?? '') ? 'reference_refused' : 'provider_refused', text)
}

function quoted(code: FailureCode, text: string | undefined): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, text) }
}
