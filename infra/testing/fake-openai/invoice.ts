import type { ImageCall } from './image-call.ts'

/** Rates in micro-units of USD for a million tokens: text input, image input, output. The invoice is made of them. */
const RATES: readonly (readonly [models: RegExp, text: number, image: number, output: number])[] = [
  [/^gpt-image-1-mini/, 2_000_000, 2_500_000, 8_000_000],
  [/^(?:gpt-image-1\.5|chatgpt-image)/, 5_000_000, 8_000_000, 32_000_000],
  [/^gpt-image-1/, 5_000_000, 10_000_000, 40_000_000],
  [/^gpt-image/, 5_000_000, 8_000_000, 30_000_000],
]
const OUTPUT_TOKENS: Readonly<Record<string, number>> = { low: 196, medium: 439, high: 1_756, xhigh: 3_122, max: 7_024 }
const TOKENS_OF_AN_IMAGE = 774
const TOKENS_OF_A_PARTIAL_IMAGE = 100
/** Price of the text model of a call in the background. */
const MAINLINE_MICROS = 1_500

export interface InvoicedUsage {
  input_tokens: number
  output_tokens: number
  total_tokens: number
  input_tokens_details: { text_tokens: number; image_tokens: number }
}

export function countTokens(call: ImageCall): InvoicedUsage {
  const text_tokens = Math.ceil(call.prompt.length / 4) + 3
  const image_tokens = call.images * TOKENS_OF_AN_IMAGE
  const output_tokens = (OUTPUT_TOKENS[call.quality] ?? 1_056) + (call.partialImages ?? 0) * TOKENS_OF_A_PARTIAL_IMAGE
  const input_tokens = text_tokens + image_tokens
  return {
    input_tokens,
    output_tokens,
    total_tokens: input_tokens + output_tokens,
    input_tokens_details: { text_tokens, image_tokens },
  }
}

/** Returns the price of a call, rounded up to a micro-unit. */
export function computePrice(call: ImageCall, usage: InvoicedUsage): number {
  const [, text, image, output] = RATES.find(([models]) => models.test(call.model)) ?? [null, 0, 0, 0]
  const { text_tokens, image_tokens } = usage.input_tokens_details
  const micros = Math.ceil((text_tokens * text + image_tokens * image + usage.output_tokens * output) / 1_000_000)
  return call.isBackground ? micros + MAINLINE_MICROS : micros
}
