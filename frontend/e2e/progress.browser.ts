import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { waitUntilSettled } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(40)
}, 120_000)

afterAll(() => seeded[Symbol.asyncDispose](), 60_000)

/** What a main thread does for a page, by the names that Chromium's traces have for it. */
const WORK_EVENTS = ['FunctionCall', 'EvaluateScript', 'UpdateLayoutTree', 'Layout', 'Paint', 'PrePaint']

test('while rings run there is no script, no style, no layout and no paint', async () => {
  const { page } = await seeded.open({ reducedMotion: 'no-preference' })
  for (let time = 0; time < 3; time += 1) await seeded.history.insertRunning()
  await page.getByRole('progressbar').nth(7).waitFor()
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  await waitUntilSettled(page)
  const running = () => document.getAnimations().filter(animation => animation.playState === 'running').length
  expect(await page.evaluate(running)).toBeGreaterThan(16)
  const before = await measureRotation(page.getByRole('progressbar').last())
  const work = await quietWork(page)
  expect(await measureRotation(page.getByRole('progressbar').last())).not.toBe(before)
  expect(work).toEqual({})
  // The trace would have shown it: what moves anything else than `transform` costs a style and a paint each time.
  await page.evaluate(() =>
    document.body.animate([{ outlineOffset: '0px' }, { outlineOffset: '9px' }], { duration: 9_000 }),
  )
  expect(Object.keys(await traceWork(page))).toContain('UpdateLayoutTree')
  await page.context().close()
}, 60_000)

test('a reload continues where the ring was, and past its time it says so', async () => {
  const { page } = await seeded.open({ reducedMotion: 'no-preference' })
  const id = await seeded.history.insertRunning()
  const row = () => page.locator(`article[data-generation-id="${id}"]`)
  await seeded.history.updateGeneration(
    id,
    tx => tx`update generations set started_at = now() - interval '30 seconds' where id = ${id}`,
  )
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.progress')].some(ring => ring.getAttribute('style')?.includes('--elapsed-time: 3')),
  )
  const before = await measureRotation(row().getByRole('progressbar').first())
  await page.reload()
  const ring = row().getByRole('progressbar').first()
  await ring.waitFor()
  expect(await measureRotation(ring)).toBeGreaterThanOrEqual(before)
  expect(await row().getByText('longer than usual').first().isVisible()).toBe(false)
  await seeded.history.updateGeneration(
    id,
    tx => tx`update generations set started_at = now() - interval '90 seconds' where id = ${id}`,
  )
  await row().getByText('longer than usual').first().waitFor()
  expect(await ring.getAttribute('aria-valuenow')).toBeNull()
  await seeded.history.updateGeneration(
    id,
    tx => tx`update generation_jobs set progress = 0.4 where generation_id = ${id}`,
  )
  await page.waitForFunction(() => document.querySelector('[role="progressbar"][aria-valuenow="40"]') !== null)
  await page.context().close()
}, 60_000)

/** How far the ring's halves have turned together, in degrees. */
async function measureRotation(ring: Locator): Promise<number> {
  return await ring.evaluate(node => {
    const degrees = (arc: Element) => {
      const { a, b } = new DOMMatrixReadOnly(getComputedStyle(arc).transform)
      return (Math.atan2(b, a) * 180) / Math.PI
    }
    const [right = 0, left = 0] = [...node.querySelectorAll('.ring-arc')].map(degrees)
    return right + 135 + ((left - 45 + 360) % 360)
  })
}

interface TraceEvent {
  name: string
}

/**
 * What the page's main thread does in a while that something else did not happen to fall into: what this test has just
 * asked the page, a notice that appears late, or the clock of the words like `2 min ago`, twice a minute. What rings cost, they
 * cost every time.
 */
async function quietWork(page: Page): Promise<Record<string, number>> {
  let work = await traceWork(page)
  for (let again = 0; again < 2 && Object.keys(work).length > 0; again++) work = await traceWork(page)
  return work
}

/** What the page's main thread does in a while, how often. */
async function traceWork(page: Page): Promise<Record<string, number>> {
  const cdp = await page.context().newCDPSession(page)
  const found: TraceEvent[] = []
  cdp.on('Tracing.dataCollected', ({ value }) => found.push(...(value as unknown as TraceEvent[])))
  const ended = new Promise(resolve => cdp.once('Tracing.tracingComplete', resolve))
  const categories = 'devtools.timeline'
  await cdp.send('Tracing.start', { traceConfig: { includedCategories: [categories], excludedCategories: ['*'] } })
  await Bun.sleep(1_200)
  await cdp.send('Tracing.end')
  await ended
  const work = found.filter(({ name }) => WORK_EVENTS.includes(name))
  return Object.fromEntries(
    Object.entries(Object.groupBy(work, ({ name }) => name)).map(([name, list]) => [name, list?.length ?? 0]),
  )
}
