import type { Usage, UsageRow } from '@darkroom/contracts/history/usage'
import type { Page } from 'playwright-core'

const DAY_MS = 86_400_000
/** Models with their connections, the price of an image in micro-units, and the seconds of a call. The last one is free. */
const MODELS = [
  ['black-forest-labs/flux-2-pro', 'black-forest-labs', 40_000, 9.1],
  ['openai/gpt-image-2', 'openai', 42_000, 24],
  ['google/veo-3.1', 'google', 1_500_000, 71],
  ['ideogram/ideogram-3', 'ideogram', 60_000, 6.2],
  ['attic/a-model-with-a-rather-long-name-at-its-server', 'attic', 0, 31.4],
] as const

/** States of the page, by their names. */
export type UsageState = 'month' | 'empty' | 'one-day' | 'extremes'

/** Serves the usage of a month in a state, in place of the studio's. */
export async function serveUsage(page: Page, state: UsageState = 'month'): Promise<void> {
  await page.route('**/api/usage?*', route => {
    const query = new URL(route.request().url()).searchParams
    return route.fulfill({ json: buildUsage(query.get('from') ?? '', query.get('to') ?? '', state) })
  })
}

function buildUsage(from: string, to: string, state: UsageState): Usage {
  const rows = buildRows(from, to, state)
  const spentMicros = rows.reduce((sum, { micros, currency }) => sum + (currency === 'USD' ? micros : 0), 0)
  const renewsAt = new Date(Date.parse(to) + DAY_MS).toISOString()
  const budget = { limitMicros: 60_000_000, spentMicros, reservedMicros: 0, renewsAt }
  const connectionBudgets = [
    { connection: 'openai', name: 'OpenAI', limitMicros: 10_000_000, spentMicros: 3_600_000, reservedMicros: 84_000 },
    { connection: 'google', name: 'Google', limitMicros: 6_000_000, spentMicros: 7_250_000, reservedMicros: 0 },
    { connection: 'attic', name: LONG_NAME, limitMicros: 400_000, spentMicros: 1_300, reservedMicros: 0 },
  ].map(own => ({ ...own, renewsAt }))
  const by = ['day', 'model', 'connection'] as Usage['by']
  return { from, to, by, rows, total: [], budget, connectionBudgets: state === 'empty' ? [] : connectionBudgets }
}

function buildRows(from: string, to: string, state: UsageState): UsageRow[] {
  if (state === 'empty') return []
  const last =
    state === 'one-day' ? Date.parse(from) : state === 'month' ? Math.min(Date.parse(to), Date.now()) : Date.parse(to)
  const days = Array.from({ length: Math.floor((last - Date.parse(from)) / DAY_MS) + 1 }, (_, index) => index)
  const rows = days.flatMap(day => MODELS.flatMap((_, model) => buildRow(from, day, model)))
  return state === 'extremes' ? [...rows.map(toExtreme), ...buildExtremes(from)] : rows
}

const LONG_NAME = 'The workstation under the roof, with a connection whose name is long'

/** Multiplies the costs, which are all estimated for one model. */
function toExtreme(row: UsageRow): UsageRow {
  const factor = 12_345
  const [micros, failedMicros] = [row.micros * factor, row.failedMicros * factor]
  const isEstimated = row.connection === 'black-forest-labs'
  const estimatedMicros = isEstimated ? micros : row.estimatedMicros * factor
  return {
    ...row,
    calls: row.calls * factor,
    images: row.images * factor,
    micros,
    failedMicros,
    estimatedMicros,
    reportedMicros: micros - estimatedMicros,
  }
}

/** Builds rows of other currencies, of tiny sums, and of a model without a price. */
function buildExtremes(from: string): UsageRow[] {
  const [row] = buildRow(from, 1, 0)
  if (!row) throw new Error('the first model has no call on the second day')
  const model = `attic/${'a-checkpoint-with-a-very-long-name'.repeat(4)}`
  const unpriced = {
    ...row,
    model,
    connection: 'attic',
    micros: 0,
    reportedMicros: 0,
    failedMicros: 0,
    unpricedCalls: row.calls,
  }
  const tiny = {
    ...row,
    currency: 'EUR',
    micros: 21,
    reportedMicros: 12,
    estimatedMicros: 9,
    failedMicros: 4,
    unknownCalls: 1,
  }
  return [
    unpriced,
    tiny,
    {
      ...tiny,
      currency: 'JPY',
      micros: 4_200_000_000,
      reportedMicros: 4_200_000_000,
      estimatedMicros: 0,
      failedMicros: 0,
    },
  ]
}

function buildRow(from: string, day: number, at: number): UsageRow[] {
  const [model, connection, price, secondsPerCall] = MODELS[at] ?? MODELS[0]
  const calls = ((day * 7 + at * 5) % 11) - (at === 2 ? 9 : 2)
  if (calls <= 0 || day % 9 === 3) return []
  const failedCalls = (day + at) % 6 === 0 ? 1 : 0
  const outputs = (calls - failedCalls) * (at === 2 ? 1 : 3)
  const failedMicros = at === 2 ? 0 : failedCalls * price * 3
  const micros = outputs * price + failedMicros
  const isEstimated = at === 1 && day === 19
  return [
    {
      day: new Date(Date.parse(from) + day * DAY_MS).toISOString().slice(0, 10),
      ...{ model, connection, currency: 'USD', calls, failedCalls, failedMicros, micros },
      unknownCalls: isEstimated ? 2 : 0,
      images: at === 2 ? 0 : outputs,
      videos: at === 2 ? outputs : 0,
      seconds: calls * secondsPerCall,
      reportedMicros: isEstimated ? 0 : micros,
      estimatedMicros: isEstimated ? micros : 0,
      unpricedCalls: 0,
    },
  ]
}
