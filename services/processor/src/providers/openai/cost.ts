import type { Receipt } from '../adapter.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Usage } from './wire.ts'

/** Returns the tokens of an answer, flattened: `input_tokens_details.text_tokens` is `text_input`. */
export function flattenUsage(usage: Usage): Record<string, number> {
  const { input_tokens, output_tokens, total_tokens, input_tokens_details: details } = usage
  const counts = {
    input_tokens,
    output_tokens,
    total_tokens,
    text_input: details?.text_tokens,
    image_input: details?.image_tokens,
    cached_input: details?.cached_tokens,
  }
  return Object.fromEntries(Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== undefined))
}

/**
 * Returns the cost of a call by the tokens that OpenAI reports and the rates of the catalogue. A discount for cached tokens is not
 * known to apply, and is left out. Undefined where a rate or a count is missing.
 */
export function computeCost(model: string, usage: Usage): Receipt['cost'] {
  const price = Object.hasOwn(CATALOGUE, model) ? CATALOGUE[model]?.price : undefined
  const { input_tokens_details: details, output_tokens: output } = usage
  if (!price || details?.text_tokens === undefined || output === undefined) return undefined
  const millionths =
    details.text_tokens * price.textInput + (details.image_tokens ?? 0) * price.imageInput + output * price.imageOutput
  return { micros: Math.ceil(millionths / 1_000_000), currency: 'USD' }
}
