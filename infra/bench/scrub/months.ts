import type { Timeline } from '@darkroom/contracts/history/timeline'
import { createRandom } from '../../testing/random.ts'
import type { Page } from '../kit/page.ts'

/** A month of the scrubber: its first day, and the share of the generations that were made before it. */
export interface Month {
  day: string
  share: number
  /** Number of the generations before it. */
  before: number
}

/** Reads the months of the scrubber but its first and its last. */
export async function readMonths(page: Page): Promise<Month[]> {
  const { days } = await page.evaluate<Timeline>(
    `fetch('/api/generations/timeline?zone=' + Intl.DateTimeFormat().resolvedOptions().timeZone).then(response => response.json())`,
  )
  const all = days.reduce((sum, { count }) => sum + count, 0)
  const months = new Map<string, Month>()
  let before = 0
  for (const { day, count } of days.toReversed()) {
    const month = day.slice(0, 7)
    if (!months.has(month)) months.set(month, { day, share: before / all, before })
    before += count
  }
  return [...months.values()].slice(1, -1)
}

/** Returns the months in an order that is random, and the same in every run. */
export function shuffle(months: readonly Month[]): Month[] {
  const random = createRandom('scrub')
  return months
    .map(month => ({ month, key: random.nextInt(2 ** 30) }))
    .sort((a, b) => a.key - b.key)
    .map(({ month }) => month)
}
