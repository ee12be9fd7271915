import type { Price } from './model.ts'
import type { Scalar } from './parameters.ts'

/** Properties of a submission that its price depends on. */
export interface PricedRequest {
  width: number
  height: number
  /** Seconds, of a video. */
  duration?: number | undefined
  /** Chosen settings, with the defaults of the model. */
  settings: Readonly<Record<string, Scalar>>
  /** The chosen resolution, as `1536x1024`, `2K` or `auto`. */
  resolution: number | string
  /** Reference images. */
  references: number
}

const PIXELS_PER_MEGAPIXEL = 1_000_000

/**
 * Returns the estimated price of one output, in whole micro-units of the currency; null if it is unknown.
 *
 * @see the kinds of `Price` in model.ts
 */
export function estimateMicros(price: Price, request: PricedRequest): number | null {
  switch (price.kind) {
    case 'free':
      return 0
    case 'per-output':
      return price.micros
    case 'per-megapixel':
      return Math.ceil((price.micros * request.width * request.height) / PIXELS_PER_MEGAPIXEL)
    case 'per-second':
      return Math.ceil(price.micros * (request.duration ?? 1))
    case 'table':
    case 'tokens':
      return findRow(price, request)
    default:
      return null
  }
}

/** Returns the currency of a price; null if it has none. */
export function getCurrency(price: Price): string | null {
  return 'currency' in price ? price.currency : null
}

/** Returns an amount in units of its currency: 40,000 micro-units are 0.04. */
export function fromMicros(micros: number): number {
  return micros / 1_000_000
}

/** Returns an amount in whole micro-units, rounded up. */
export function toMicros(amount: number): number {
  // The product of a decimal fraction is a little off: 0.07 × 1,000,000 is 70,000.00000000001.
  return Math.ceil(Number((amount * 1_000_000).toPrecision(15)))
}

/** Returns the row of a price table for a request: its keys are the values of `by`, joined by spaces; `*` is any other. */
function findRow(
  { by, rows, perReferenceMicros = 0 }: Extract<Price, { kind: 'table' | 'tokens' }>,
  request: PricedRequest,
): number | null {
  const key = by.map(name => describe(name, request)).join(' ')
  const micros = Object.hasOwn(rows, key) ? rows[key] : rows['*']
  return micros === undefined ? null : micros + perReferenceMicros * request.references
}

function describe(name: string, request: PricedRequest): string {
  if (name === 'size') return `${request.width}x${request.height}`
  if (name === 'resolution') return String(request.resolution)
  if (name === 'duration') return String(request.duration ?? '')
  return String(request.settings[name] ?? '')
}
