import { fromMicros } from '@darkroom/contracts/price'
import { formatCount } from '../ui/format.ts'
import { formatMoney } from '../ui/money.ts'
import { type AmountFormat, formatAmount } from './amounts.ts'
import type { Budget, BudgetForecast } from './forecast.ts'
import { formatDay, getDay } from './month.ts'
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

/** Formats the outputs of calls: `96 images, 2 videos`; `no images` if there are none. */
function formatOutputs({ images, videos }: UsageSum): string {
  const counts = [images > 0 && formatCount(images, 'image'), videos > 0 && formatCount(videos, 'video')]
  return counts.filter(count => count !== false).join(', ') || 'no images'
}

/** Formats the outputs of calls for a column of images: `412`, `4 videos`. */
export function formatMade(sum: UsageSum): string {
  return sum.videos > 0 ? formatOutputs(sum) : sum.images.toLocaleString('en')
}

/** Formats the label of a line of the plot: `$2`, `$0.50`. */
export function formatTick(micros: number, { currency, digits }: AmountFormat): string {
  return formatMoney({ amount: fromMicros(micros), currency }, digits === 1 ? 2 : digits)
}

/** Formats what calls cost: `$16.48`, `free`, `not billed` if all were refused, `unknown` if none has a price. */
export function formatSumCost(sum: UsageSum, format: AmountFormat): string {
  if (sum.micros > 0) return formatAmount(sum.micros, format)
  if (sum.calls > 0 && sum.unpricedCalls === sum.calls) return 'unknown'
  if (sum.unpricedCalls > 0) return formatAmount(0, format)
  return sum.failedCalls === sum.calls ? 'not billed' : 'free'
}

/** Lists the facts of a day: what it cost, what was made, and what of it was for nothing. */
export function listDayFacts(sum: UsageSum, format: AmountFormat): string[] {
  if (sum.calls === 0) return ['nothing']
  const failed =
    sum.failedMicros > 0
      ? `${formatAmount(sum.failedMicros, format)} of it for calls that failed`
      : sum.failedCalls > 0 && `${capitalize(formatCalls(sum.failedCalls))} failed`
  const unpriced = sum.unpricedCalls > 0 && `${formatCalls(sum.unpricedCalls)} without a price`
  return [formatSumCost(sum, format), formatOutputs(sum), failed, unpriced].filter(fact => fact !== false)
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

/** Formats what is left of a budget: `$22.59 left, about $43 by 30 Nov`. */
export function formatBudgetLeft(
  { limitMicros, spentMicros, reservedMicros, renewsAt }: Budget,
  forecast: BudgetForecast,
): string {
  const left = limitMicros - spentMicros - reservedMicros
  if (left <= 0) return `nothing left until ${formatDay(renewsAt)}`
  const dollars = formatMoney({ amount: fromMicros(left), currency: 'USD' }, 2)
  if (forecast.expectedMicros === null) return `${dollars} left`
  const lastDay = formatDay(getDay(Date.parse(renewsAt) - 1))
  return `${dollars} left, about ${formatWhole(forecast.expectedMicros)} by ${lastDay}`
}

/** Formats dollars without cents, if it has none to speak of: `$60`, `$43`; `$0.40`. */
export function formatWhole(micros: number): string {
  const amount = fromMicros(micros)
  return formatMoney({ amount, currency: 'USD' }, amount >= 10 || Number.isInteger(amount) ? 0 : 2)
}

/** Formats a number of calls: `two calls`, `1,204 calls`. */
function formatCalls(count: number): string {
  return `${NUMBERS[count] ?? count.toLocaleString('en')} call${count === 1 ? '' : 's'}`
}

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
