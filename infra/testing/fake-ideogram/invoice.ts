import type { TakenSubmission } from './submission.ts'

/** The price of a submission. `isVariable`: the answer to a poll names what was billed. */
export interface Price {
  identifier: string
  micros: number
  isVariable: boolean
}

/**
 * Computes the price of a submission.
 *
 * @see https://ideogram.ai/blog/ideogram-api-pricing (16 November 2026): 4.5, precise edit, removal of a background [D]. Those of a new
 *   background, and of a megapixel of an upscale, are made up
 */
export function computePrice({ endpoint, quality, width, height }: TakenSubmission): Price {
  const identifier = endpoint.replaceAll(/\W/g, '_')
  if (endpoint.startsWith('upscale/'))
    return { identifier, micros: Math.ceil((width * height) / 1_000_000) * 5_000, isVariable: true }
  const prices = PRICES[endpoint] ?? {}
  return { identifier, micros: prices[quality] ?? prices['*'] ?? 0, isVariable: false }
}

const PRICES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'generate/ideogram-4-5': { very_low: 8_000, low: 30_000, medium: 60_000, high: 100_000 },
  'precise-edit/ideogram-4-5': { very_low: 8_000, low: 30_000, medium: 60_000, high: 220_000 },
  'replace-background/ideogram-3': { '*': 70_000 },
  'remove-background/ideogram-1': { '*': 10_000 },
}
