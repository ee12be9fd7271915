import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { ProviderError } from '../adapter.ts'
import { withQuote } from '../http/quote-provider.ts'

/** Reasons why an image was made and not given out. [S] FinishReason in js-genai src/types.ts */
const OUTPUT_REASONS = ['IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION']
/** Reasons of the prompt, and of what was written. [S] FinishReason, BlockedReason */
const CONTENT_REASONS = [
  'SAFETY',
  'PROHIBITED_CONTENT',
  'BLOCKLIST',
  'SPII',
  'RECITATION',
  'LANGUAGE',
  'MODEL_ARMOR',
  'JAILBREAK',
]

/** Returns the failure of a candidate without an image, by the reason why it ended; undefined if that is no refusal. */
export function classifyFinishReason(reason: string | undefined): FailureCode | undefined {
  if (OUTPUT_REASONS.includes(reason ?? '')) return 'output_refused'
  return CONTENT_REASONS.includes(reason ?? '') ? 'content_refused' : undefined
}

/** Words by which a message says that something was refused for its content. Their exact forms are [U]. */
const OUTPUT_WORDS = /IMAGE_SAFETY|IMAGE_PROHIBITED|\b(?:generated|output|resulting) (?:image|video|media|content)s?\b/
const CONTENT_WORDS =
  /\bsafety|PROHIBITED|prohibited|\bblocked\b|\bviolat|responsible ai|usage guidelines|content polic|sensitive words/i

/** Returns the failure that a message of Google means; undefined if it is not about content. */
export function classifyContentWords(text: string): FailureCode | undefined {
  if (!CONTENT_WORDS.test(text)) return undefined
  return OUTPUT_WORDS.test(text) ? 'output_refused' : 'content_refused'
}

/** Returns the error of a failure, with Google's own words behind the sentence of the table. */
export function createQuotedError(code: FailureCode, text: string | undefined): ProviderError {
  return new ProviderError(code, { message: withQuote(FAILURES[code].message, text) })
}
