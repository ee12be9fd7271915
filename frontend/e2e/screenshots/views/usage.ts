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

/** Serves the usage of a month with a budget in place of the studio's. */
export async function serveUsage(page: Page): Promise<void> {
  await page.route('**/api/usage?*', route => {
    const query = new URL(route.request().url()).searchParams
    return route.fulfill({ json: buildUsage(query.get('from') ?? '', query.get('to') ?? '') })
  })
}

function buildUsage(from: string, to: string): Usage {
  const last = Math.min(Date.parse(to), Date.now())
  const days = Array.from({ length: Math.floor((last - Date.parse(from)) / DAY_MS) + 1 }, (_, index) => index)
  const rows = days.flatMap(day => MODELS.flatMap((_, model) => buildRow(from, day, model)))
  const spentMicros = rows.reduce((sum, { micros }) => sum + micros, 0)
  const renewsAt = new Date(Date.parse(to) + DAY_MS).toISOString()
  const budget = { limitMicros: 60_000_000, spentMicros, reservedMicros: 0, renewsAt }
  const connectionBudgets = [
    {
      ...budget,
      connection: 'openai',
      name: 'OpenAI',
      limitMicros: 10_000_000,
      spentMicros: 3_600_000,
      reservedMicros: 84_000,
    },
    { ...budget, connection: 'google', name: 'Google', limitMicros: 6_000_000, spentMicros: 6_000_000 },
  ]
  return { from, to, by: ['day', 'model', 'connection'], rows, total: [], budget, connectionBudgets }
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
