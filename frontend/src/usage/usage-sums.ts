import type { Usage, UsageDimension, UsageRow } from '@darkroom/contracts/history/usage'

/** A sum of calls in one currency. */
export type UsageSum = Omit<UsageRow, UsageDimension | 'currency'>

/** A sum and what it is of: the id of a model or a connection, or a day. */
export interface KeyedSum extends UsageSum {
  key: string
}

/** The sums of a month in one currency. Each of the lists adds up to `total`, because all are of the same rows. */
export interface CurrencyUsage {
  currency: string
  total: UsageSum
  days: ReadonlyMap<string, UsageSum>
  /** Most expensive first. */
  models: KeyedSum[]
  connections: KeyedSum[]
}

export const NOTHING: UsageSum = {
  calls: 0,
  failedCalls: 0,
  unknownCalls: 0,
  images: 0,
  videos: 0,
  seconds: 0,
  micros: 0,
  reportedMicros: 0,
  estimatedMicros: 0,
  failedMicros: 0,
  unpricedCalls: 0,
}

const FIELDS = Object.keys(NOTHING) as (keyof UsageSum)[]

/** Sums up usage by day, model and connection, each currency apart; the most expensive first. @param usage by all dimensions */
export function sumUsage({ rows }: Pick<Usage, 'rows'>): CurrencyUsage[] {
  const currencies = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, rows]) => ({
    currency,
    total: addAll(rows),
    days: new Map(sumBy(rows, 'day').map(sum => [sum.key, sum])),
    models: sumBy(rows, 'model'),
    connections: sumBy(rows, 'connection'),
  }))
  return currencies.sort((a, b) => b.total.micros - a.total.micros)
}

function sumBy(rows: readonly UsageRow[], dimension: UsageDimension): KeyedSum[] {
  const groups = [...Map.groupBy(rows, row => row[dimension] ?? '')]
  const sums = groups.map(([key, rows]) => ({ key, ...addAll(rows) }))
  return sums.sort((a, b) => b.micros - a.micros || b.calls - a.calls || (a.key < b.key ? -1 : 1))
}

function addAll(rows: readonly UsageSum[]): UsageSum {
  const sum = { ...NOTHING }
  for (const row of rows) for (const field of FIELDS) sum[field] += row[field]
  return sum
}
