import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { fromMicros } from '@darkroom/contracts/price'

/** An amount of money in units of its currency. */
export interface Money {
  amount: number
  currency: string
}

export const UNKNOWN_PRICE = '–'

/**
 * Formats money: `$12.50`, `$0.16`, `$0.039`, `$0.0006`. Amounts below one have as many digits as they need.
 *
 * @param digits most digits after the point; with none, cents are left out
 */
export function formatMoney({ amount, currency }: Money, digits = countDigits(amount)): string {
  try {
    const least = digits < 2 ? { minimumFractionDigits: digits } : {}
    const options = { style: 'currency', currency, maximumFractionDigits: digits, ...least } as const
    return new Intl.NumberFormat('en', options).format(amount)
  } catch {
    return `${amount.toFixed(digits)} ${currency}`
  }
}

/** Formats the price of one output for a list: `$0.04`, `free`, or `–` where it is unknown. */
export function formatPrice(micros: number | null, currency: string): string {
  if (micros === null) return UNKNOWN_PRICE
  return micros === 0 ? 'free' : formatMoney({ amount: fromMicros(micros), currency })
}

/** Formats what a submission will cost: `about $0.04 each`, `about $0.16` for several, `free`, `price unknown`. */
export function formatEstimatedCost(outputMicros: number | null, currency: string, numOutputs: number): string {
  if (outputMicros === null) return 'price unknown'
  if (outputMicros === 0) return 'free'
  const amount = fromMicros(outputMicros * numOutputs)
  return `about ${formatMoney({ amount, currency })}${numOutputs === 1 ? ' each' : ''}`
}

/** Formats what a generation has cost: `$0.16` billed, `about $0.16` estimated, `free`, `not billed`; undefined if it is unknown. */
export function formatCost({ cost, status }: Generation, model: Model | undefined): string | undefined {
  const isUnmade = status === 'failed' || status === 'cancelled'
  if (cost === null) return model?.price.kind === 'free' ? (isUnmade ? 'not billed' : 'free') : undefined
  if (cost.amount === 0) return isUnmade ? 'not billed' : 'free'
  return cost.estimated ? `about ${formatMoney(cost)}` : formatMoney(cost)
}

/** Returns the most digits after the point that an amount is shown with. */
export function countDigits(amount: number): number {
  if (amount === 0 || amount >= 1) return 2
  if (amount >= 0.001) return 3
  return Math.min(6, 1 - Math.floor(Math.log10(amount)))
}
