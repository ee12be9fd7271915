import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { waitUntilSettled } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(40)
})

afterAll(() => seeded[Symbol.asyncDispose]())

/** The main thread's work for a page, by the names of Chromium's traces. */
const WORK_EVENTS = ['FunctionCall', 'EvaluateScript', 'UpdateLayoutTree', 'Layout', 'Paint', 'PrePaint']

test('running rings need no script, style, layout or paint', async () => {
  const { page } = await seeded.open({ reducedMotion: 'no-preference' })
  for (let time = 0; time < 3; time += 1) await seeded.history.insertRunning()
  await page.getByRole('progressbar').nth(2).waitFor()
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
  await waitUntilSettled(page)
  const running = () => document.getAnimations().filter(animation => animation.playState === 'running').length
  expect(await page.evaluate(running)).toBeGreaterThan(5)
  const before = await measureRotation(page.getByRole('progressbar').last())
  const work = await traceWorkOfRings(page)
  expect(await measureRotation(page.getByRole('progressbar').last())).not.toBe(before)
  expect(work).toEqual({})
  // Shows that the trace detects such work: an animation of another property than `transform` needs style and paint.
  await page.evaluate(() =>
    document.body.animate([{ outlineOffset: '0px' }, { outlineOffset: '9px' }], { duration: 9_000 }),
  )
  expect(Object.keys(await traceWork(page))).toContain('UpdateLayoutTree')
  await page.context().close()
})

test('a ring continues after a reload, and shows when the estimated time is over', async () => {
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
})

test("a wait in the provider's queue shows the position and no progress, and another position moves nothing", async () => {
  const { page } = await seeded.open({ reducedMotion: 'no-preference' })
  const id = await seeded.history.insertRunning()
  const row = page.locator(`article[data-generation-id="${id}"]`)
  const wait = (position: number) =>
    seeded.history.updateGeneration(
      id,
      tx => tx`
        update generations set waiting = ${tx.json({ reason: 'provider-queue', until: null, position })} where id = ${id}`,
    )
  await wait(3)
  await row.getByText('number 3 in the queue').waitFor()
  const box = await row.boundingBox()
  const running = () => row.evaluate(node => node.getAnimations({ subtree: true }).length)
  expect([await measureRotation(row.getByRole('progressbar')), await running()]).toEqual([0, 0])
  expect(await row.locator('.time-left').count()).toBe(0)
  await wait(12)
  await row.getByText('number 12 in the queue').waitFor()
  expect(await row.boundingBox()).toEqual(box)
  await page.context().close()
})

/** Measures the rotation of the ring's halves together, in degrees. */
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
 * Traces the work of the page's main thread, up to three times until there is none. Other work than the rings' may fall into
 * one trace: the test's own evaluation, a late notice, or the coarse clock's tick twice a minute. The rings' would be in each.
 */
async function traceWorkOfRings(page: Page): Promise<Record<string, number>> {
  let work = await traceWork(page)
  for (let again = 0; again < 2 && Object.keys(work).length > 0; again++) work = await traceWork(page)
  return work
}

/** Traces the page's main thread for 1.2 s, and counts its work by name. */
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
