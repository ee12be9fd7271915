import type { UsageBudget } from '@darkroom/contracts/history/usage'
import { fromMicros } from '@darkroom/contracts/price'
import { formatMoney } from '../ui/money.ts'
import { type AmountFormat, formatAmount, formatCompactAmount } from './amounts.ts'
import type { BudgetForecast } from './forecast.ts'
import { formatDay } from './month.ts'
import type { CurrencyUsage, KeyedSum, UsageSum } from './usage-sums.ts'

const NUMBERS = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
]

/** Amount from which the labels of a plot are shortened. */
const COMPACT_FROM = 10_000

/** Formats the outputs of calls: `96 images, 2 videos`; `no images` if there are none. */
function formatOutputs({ images, videos }: UsageSum): string {
  const counts = [images > 0 && formatCount(images, 'image'), videos > 0 && formatCount(videos, 'video')]
  return counts.filter(count => count !== false).join(', ') || 'no images'
}

/** Formats the outputs of calls for a column of images: `412`, `4 videos`. */
export function formatMade(sum: UsageSum): string {
  return sum.videos > 0 ? formatOutputs(sum) : sum.images.toLocaleString('en')
}

/** Formats the label of a line of the plot: `$2`, `$0.50`, `$20K`. */
export function formatTick(micros: number, { currency, digits }: AmountFormat): string {
  const amount = fromMicros(micros)
  if (amount >= COMPACT_FROM) return formatCompactAmount(micros, currency)
  return formatMoney({ amount, currency }, digits === 1 ? 2 : digits)
}

/**
 * Formats what calls cost: `$16.48`, `about $16.48` if a part of it is an estimate, `free`, `not billed` if all were refused, `unknown` if
 * none has a price.
 */
export function formatSumCost(sum: UsageSum, format: AmountFormat): string {
  if (sum.micros > 0) {
    const amount = formatAmount(sum.micros, format)
    return sum.estimatedMicros > 0 && !amount.startsWith('under') ? `about ${amount}` : amount
  }
  if (sum.calls > 0 && sum.unpricedCalls === sum.calls) return 'unknown'
  if (sum.unpricedCalls > 0) return formatAmount(0, format)
  return sum.failedCalls === sum.calls ? 'not billed' : 'free'
}

/** Formats the part of a cost that is an estimate: `$1.00 of it estimated`, `all of it estimated`; null without one. */
export function formatEstimatedPart({ micros, estimatedMicros }: UsageSum, format: AmountFormat): string | null {
  if (estimatedMicros === 0) return null
  return `${estimatedMicros === micros ? 'all' : formatAmount(estimatedMicros, format)} of it estimated`
}

/** Lists the facts of a day: what it cost, what was made, what of it is an estimate, and what was for nothing. */
export function listDayFacts(sum: UsageSum, format: AmountFormat): string[] {
  if (sum.calls === 0) return ['nothing']
  const failed =
    sum.failedMicros > 0
      ? `${formatAmount(sum.failedMicros, format)} of it for calls that failed`
      : sum.failedCalls > 0 && `${capitalize(formatCalls(sum.failedCalls))} failed`
  const unpriced = sum.unpricedCalls > 0 && `${formatCalls(sum.unpricedCalls)} without a price`
  const estimated = formatEstimatedPart(sum, format)
  return [formatSumCost(sum, format), formatOutputs(sum), estimated, failed, unpriced].filter(
    fact => typeof fact === 'string',
  )
}

/** Returns the sentences below the tables: which part is an estimate, and which calls count with nothing. */
export function listNotes(
  { total, models }: Pick<CurrencyUsage, 'total' | 'models'>,
  { format, nameOf }: { format: AmountFormat; nameOf: (model: string) => string },
): string[] {
  return [...describeEstimate(total, models, format), ...describeUnpriced(models, nameOf)]
}

function describeEstimate(total: UsageSum, models: readonly KeyedSum[], format: AmountFormat): string[] {
  const { micros, estimatedMicros, unknownCalls } = total
  const unknown =
    unknownCalls > 0 && `${formatCalls(unknownCalls)} ${unknownCalls === 1 ? 'has' : 'have'} no answer yet`
  if (estimatedMicros === 0) return unknown ? [`${capitalize(unknown)}.`] : []
  const part = estimatedMicros === micros ? 'All of it' : `${formatAmount(estimatedMicros, format)} of it`
  const isReported = models.every(
    model => model.estimatedMicros === 0 || (model.unknownCalls > 0 && model.reportedMicros > 0),
  )
  const unreported = !isReported && 'not every provider reports what a call costs'
  const reasons = [unreported, unknown].filter(reason => reason !== false)
  return [`${part} is an estimate: ${reasons.join(', and ') || 'some calls are not finished yet'}.`]
}

function describeUnpriced(models: readonly KeyedSum[], nameOf: (model: string) => string): string[] {
  const unpriced = models.filter(({ unpricedCalls }) => unpricedCalls > 0)
  const calls = unpriced.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0)
  if (calls === 0) return []
  const names = new Intl.ListFormat('en').format(unpriced.map(({ key }) => nameOf(key)))
  const isOne = calls === 1
  return [
    `${capitalize(formatCalls(calls))} of ${names} ${isOne ? 'has' : 'have'} no known price and ${isOne ? 'is' : 'are'} not in the sum.`,
  ]
}

/**
 * Formats what is left of a budget, and when it begins anew: `$22.59 left until 1 Dec, $0.50 reserved, about $43 by then`; `nothing left
 * until 1 Dec, $3.20 over` for one that was exceeded.
 */
export function formatBudgetLeft(budget: UsageBudget, { expectedMicros }: BudgetForecast): string {
  const left = countLeft(budget)
  const over = left < 0 && `${formatDollars(-left)} over`
  const reserved = budget.reservedMicros > 0 && `${formatDollars(budget.reservedMicros)} reserved`
  const expected = left > 0 && expectedMicros ? `about ${formatWhole(expectedMicros)} by then` : false
  const main = `${left > 0 ? formatDollars(left) : 'nothing'} left until ${formatDay(budget.renewsAt)}`
  return [main, over, reserved, expected].filter(part => part !== false).join(', ')
}

/** Formats what is left of a budget for a column: `$22.59`, `nothing`, `$3.20 over`. */
export function formatLeft(budget: UsageBudget): string {
  const left = countLeft(budget)
  if (left === 0) return 'nothing'
  return left > 0 ? formatDollars(left) : `${formatDollars(-left)} over`
}

/** Formats dollars with cents; `under $0.01` for less. */
export function formatDollars(micros: number): string {
  return formatAmount(micros, { currency: 'USD', digits: 2 })
}

function countLeft({ limitMicros, spentMicros, reservedMicros }: UsageBudget): number {
  return limitMicros - spentMicros - reservedMicros
}

/** Formats dollars without cents, if it has none to speak of: `$60`, `$43`; `$0.40`. */
export function formatWhole(micros: number): string {
  const amount = fromMicros(micros)
  return formatMoney({ amount, currency: 'USD' }, amount >= 10 || Number.isInteger(amount) ? 0 : 2)
}

function formatCount(count: number, kind: string): string {
  return `${count.toLocaleString('en')} ${kind}${count === 1 ? '' : 's'}`
}

/** Formats a number of calls: `two calls`, `1,204 calls`. */
function formatCalls(count: number): string {
  return `${NUMBERS[count] ?? count.toLocaleString('en')} call${count === 1 ? '' : 's'}`
}

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
