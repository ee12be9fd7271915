import type { UsageBudget } from '@darkroom/contracts/history/usage'

/** A budget as it is drawn: parts of the bar from 0 to 1, and the amount at the end of the month. */
export interface BudgetForecast {
  spentShare: number
  /** Share of what is reserved for what is still to be made. */
  reservedShare: number
  /** Share of what is expected beyond that; the shares are at most 1 together. */
  forecastShare: number
  /** Expected amount by the end of the month, in micro-units; null while it is too early to tell. */
  expectedMicros: number | null
}

const DAY_MS = 86_400_000
/** Less of a month says nothing about the rest. */
const LEAST_DAYS = 3

/**
 * Computes what will have been spent by the end of the month if it goes on as in its days so far.
 *
 * @param now ms since 1970, in the month of the budget
 */
export function forecastBudget(budget: UsageBudget, now: number): BudgetForecast {
  const { limitMicros, spentMicros, reservedMicros, renewsAt } = budget
  const end = Date.parse(renewsAt)
  const start = startOfMonth(end - 1)
  const days = (now - start) / DAY_MS
  const isEarly = days < LEAST_DAYS || now >= end
  const expectedMicros = isEarly ? null : Math.round((spentMicros * (end - start)) / (now - start))
  const share = (micros: number) => (limitMicros > 0 ? Math.min(1, micros / limitMicros) : 1)
  const spentShare = share(spentMicros)
  const reservedShare = share(spentMicros + reservedMicros) - spentShare
  const forecastShare = Math.max(0, share(expectedMicros ?? 0) - spentShare - reservedShare)
  return { spentShare, reservedShare, forecastShare, expectedMicros }
}

function startOfMonth(instant: number): number {
  const date = new Date(instant)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}
