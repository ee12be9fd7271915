import { fromMicros } from '@darkroom/contracts/price'
import { countDigits, formatMoney } from '../ui/money.ts'

/** Formats amounts of one currency with the digits that its total has. */
export interface AmountFormat {
  currency: string
  /** Digits after the point. */
  digits: number
}

/** Returns the format of a total and its parts: cents, or more digits for a total below one. */
export function createAmountFormat(totalMicros: number, currency: string): AmountFormat {
  return { currency, digits: countDigits(fromMicros(totalMicros)) }
}

/** Formats an amount: `$16.48`; `under $0.01` for one that the digits do not show. */
export function formatAmount(micros: number, { currency, digits }: AmountFormat): string {
  const unit = unitOf(digits)
  if (micros > 0 && micros < unit / 2) return `under ${formatMoney({ amount: fromMicros(unit), currency }, digits)}`
  return formatMoney({ amount: fromMicros(micros), currency }, digits)
}

/** Formats a large amount shortly: `$20K`, `$1.5M`. */
export function formatCompactAmount(micros: number, currency: string): string {
  const options = { notation: 'compact', maximumFractionDigits: 1 } as const
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency, ...options }).format(fromMicros(micros))
  } catch {
    return `${fromMicros(micros).toLocaleString('en', options)} ${currency}`
  }
}

/**
 * Rounds amounts to the digits of their total such that the rounded ones add up to the rounded total. Those with the largest
 * remainders are rounded up.
 *
 * @see https://en.wikipedia.org/wiki/Largest_remainder_method
 */
export function roundToTotal(amounts: readonly number[], { digits }: AmountFormat): number[] {
  const unit = unitOf(digits)
  const total = Math.round(amounts.reduce((sum, micros) => sum + micros, 0) / unit)
  const units = amounts.map(micros => Math.floor(micros / unit))
  const missing = total - units.reduce((sum, count) => sum + count, 0)
  const remainders = amounts.map((micros, index) => ({ index, remainder: micros % unit }))
  const roundedUp = remainders.sort((a, b) => b.remainder - a.remainder || a.index - b.index).slice(0, missing)
  for (const { index } of roundedUp) units[index] = (units[index] ?? 0) + 1
  // An amount that is rounded to nothing stays as it is: it is not free.
  return units.map((count, index) => (count === 0 ? (amounts[index] ?? 0) : count * unit))
}

/** Returns the smallest amount that the digits show, in micro-units. */
function unitOf(digits: number): number {
  return 10 ** (6 - digits)
}
