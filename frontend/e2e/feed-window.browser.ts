import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page, Request } from 'playwright-core'
import {
  captureFeed,
  delayPages,
  findReadRow,
  getScroll,
  listRowsInView,
  longestRun,
  scrollByWheel,
  spinWheel,
  startProbe,
  waitForFrames,
  waitUntilSettled,
} from './page-probes.ts'
import { captureWhenStill, countDifferences, recordScreencast } from './screencast.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 10_000
const ROW_GAP = 40

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('1: keeps at most 20 rows in the page, and the heap does not grow with the rows that were shown', async () => {
  const { page, pageErrors } = await seeded.open()
  const heap = await createHeapReader(page)
  const stop = await startProbe(page, await findReadRow(page))
  // One reading includes what is being loaded just then. Rows that leak are in each of three.
  const readings = async () => {
    const sizes: number[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      await scrollToOldest(page, 5)
      sizes.push(await heap())
    }
    return sizes
  }
  const full = await readings()
  const after = await readings()
  const { maxRows: most } = await stop()
  expect(most).toBeLessThanOrEqual(20)
  expect(Math.min(...after) / Math.max(...full)).toBeLessThan(1.2)
  expect((await getScroll(page)).height).toBeLessThan(1_600_000)
  const [row] = await listRowsInView(page)
  expect(row?.number).toBeLessThan(COUNT - 2_000)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('2: opens at the newest in the first frame with rows, and nothing moves after that', async () => {
  const context = await seeded.browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.addInitScript(recordOpening)
  const models = Promise.withResolvers<void>()
  await page.route('**/api/models', async route => {
    await models.promise
    await route.continue()
  })
  await page.goto(seeded.studio.url)
  await page.getByText(`No. ${COUNT}:`).waitFor()
  await page.locator('article img').first().waitFor()
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  models.resolve()
  await page.getByText('5.0 s').last().waitFor()
  await waitForFrames(page, 10)
  const { positions, shifts } = await page.evaluate(() => window.opening)
  expect(positions.length).toBeGreaterThan(3)
  expect(positions[0]).toMatchObject({ number: COUNT, left: 0 })
  expect(new Set(positions.map(position => JSON.stringify(position))).size).toBe(1)
  expect(shifts).toBe(0)
  await context.close()
})

for (const [window, pages] of [
  ['a window that grows', 0],
  ['a window that is trimmed at its other end', 9],
] as const) {
  test(`4: loads older rows ahead of the reader in ${window}; the row being read keeps its element, images and focus`, async () => {
    const { page, pageErrors } = await seeded.open()
    await scrollToOldest(page, pages)
    const delayed = await delayPages(page)
    for (let turn = 0; turn < 60 && !delayed.isRequested(); turn += 1) await scrollByWheel(page, -3_000)
    expect(delayed.isRequested()).toBe(true)
    expect((await getScroll(page)).top).toBeGreaterThan(2_000)
    const id = await findReadRow(page)
    await page.locator(`article[data-generation-id="${id}"]`).getByRole('button', { name: 'Reuse' }).focus()
    await waitUntilSettled(page)
    const [before, drawn] = [await getScroll(page), await captureWhenStill(page)]
    const stop = await startProbe(page, id)
    delayed.release()
    await page.waitForFunction(height => document.documentElement.scrollHeight !== height, before.height)
    await waitForFrames(page, 10)
    const seen = await stop()
    expect(seen.tops.length).toBe(1)
    expect(seen).toMatchObject({ isSameNode: true, isSameFocus: true, loaded: [] })
    expect(await countDifferences(page, drawn, await captureFeed(page))).toBe(0)
    expect((await getScroll(page)).top).toBeGreaterThan(before.top)
    expect(pageErrors).toEqual([])
    await page.context().close()
  })
}

test('4: the window slides back down to the newest row, which is its end', async () => {
  const { page } = await seeded.open()
  await scrollToOldest(page, 12)
  await scrollToNumber(page, COUNT)
  expect((await getScroll(page)).height).toBeLessThan(1_600_000)
  expect(await page.getByRole('button', { name: 'Latest' }).count()).toBe(0)
  await page.context().close()
})

test('4: a row keeps the focus however far the feed is scrolled, and whatever rows come and go beside it', async () => {
  const { page } = await seeded.open()
  for (const at of [-2, -3]) {
    await page.getByRole('article').nth(at).locator('[data-output-index]').first().focus()
    expect(await page.evaluate(scrollBySteps)).toEqual([])
  }
  await page.context().close()
})

test('9: an address opens at its generation, and a reload returns to the same position', async () => {
  const id = await seeded.history.findId(6_000)
  const { page } = await seeded.open({ path: `/#g=${id}` })
  const [row] = (await listRowsInView(page)).filter(({ top }) => top >= 0)
  expect(row).toMatchObject({ id, top: 56 })
  await scrollByWheel(page, -1_717)
  const before = await listRowsInView(page)
  await page.waitForFunction(address => location.hash !== address, `#g=${id}`)
  await page.reload()
  await page.getByRole('article').first().waitFor()
  await waitForFrames(page, 5)
  expect(await listRowsInView(page)).toEqual(before)
  await page.evaluate(
    newest => {
      location.hash = `#g=${newest}`
    },
    await seeded.history.findId(1_000),
  )
  await page.getByText('No. 1000:').waitFor()
  await page.context().close()
})

test('the reader stays at the same row when the density changes, and the choice survives a reload', async () => {
  const { page } = await seeded.open()
  await scrollByWheel(page, -6_000)
  const under = async () => (await listRowsInView(page)).findLast(({ top }) => top <= 57)?.id
  const [id, { height }] = [await under(), await getScroll(page)]
  for (const next of ['Large', 'Small']) {
    await page.getByRole('button', { name: 'View' }).click()
    await page.getByRole('radio', { name: next }).check()
    await page.keyboard.press('Escape')
    await waitForFrames(page, 5)
    expect(await under()).toBe(id ?? '')
  }
  expect((await getScroll(page)).height).toBeLessThan(height * 0.7)
  await page.waitForFunction(() => location.hash !== '')
  await page.reload()
  await page.getByRole('article').first().waitFor()
  await waitForFrames(page, 5)
  expect(await under()).toBe(id ?? '')
  await page.context().close()
})

test('10: shows rows in every frame of 500 rapid wheel events, with placeholders, then previews, and loads no original', async () => {
  const { page } = await seeded.open()
  const urls = recordMediaRequests(page)
  const cdp = await page.context().newCDPSession(page)
  const stop = await startProbe(page, await findReadRow(page))
  const screencast = await recordScreencast(page)
  const withoutPlaceholder = await page.evaluateHandle(countTilesWithoutPlaceholder)
  await spinWheel(cdp, 500, -120)
  const covers = await screencast.stop()
  await waitForFrames(page, 10)
  const { maxGap: gap, maxRows: most } = await stop()
  expect(gap).toBeLessThanOrEqual(ROW_GAP)
  // A frame is drawn at most every 16 ms.
  expect(longestRun(covers, cover => cover < 0.05)).toBeLessThan(6)
  expect(most).toBeLessThanOrEqual(20)
  expect(await withoutPlaceholder.evaluate(counted => counted.stop())).toBe(0)
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  expect(urls.some(url => url.includes('.w960.webp') || url.includes('.w320.webp'))).toBe(true)
  expect(urls.filter(url => url.endsWith('.png'))).toEqual([])
  const [row] = await listRowsInView(page)
  expect(row?.number).toBeLessThan(COUNT - 60)
  await page.context().close()
})

/** Scrolls to the oldest row of the window a number of times. Each time older rows are loaded. */
async function scrollToOldest(page: Page, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const [first] = await listRowsInView(page)
    await page.evaluate(() => window.scrollTo(0, 0))
    await page.waitForFunction(() => scrollY > 2_000)
    const [row] = await listRowsInView(page)
    expect(row?.number ?? 0).toBeLessThan(first?.number ?? 0)
  }
}

async function scrollToNumber(page: Page, number: number): Promise<void> {
  const arrived = () => page.getByText(`No. ${number}:`).count()
  while ((await arrived()) === 0) {
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
    await waitForFrames(page, 5)
  }
}

async function createHeapReader(page: Page): Promise<() => Promise<number>> {
  const cdp = await page.context().newCDPSession(page)
  return async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    const { usedSize } = await cdp.send('Runtime.getHeapUsage')
    return usedSize
  }
}

/** Scrolls up from the end by steps of several sizes, and back. @returns the steps at which the focus was lost, in pixels */
async function scrollBySteps(): Promise<number[]> {
  const focused = document.activeElement
  const lost = new Set<number>()
  const isPassing = () => document.querySelector('.passing > article') !== null
  for (const step of [120, 230, 470, 940]) {
    for (let up = 0; up < 2_500; up += step) {
      // Older rows are read meanwhile.
      scrollTo({ top: document.documentElement.scrollHeight - innerHeight - up, behavior: 'instant' })
      for (let frame = 0; frame < 3 || (isPassing() && frame < 60); frame += 1)
        await new Promise(resolve => requestAnimationFrame(resolve))
      if (document.activeElement !== focused) lost.add(step)
      if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
    }
  }
  return [...lost]
}

function recordMediaRequests(page: Page): string[] {
  const urls: string[] = []
  page.on('request', (request: Request) => request.url().includes('/media/') && urls.push(request.url()))
  return urls
}

/** Counts tiles of stored outputs without a placeholder in the frame in which they appear. */
function countTilesWithoutPlaceholder() {
  let count = 0
  let request = requestAnimationFrame(function sample() {
    const tiles = document.querySelectorAll<HTMLElement>('.tile[data-state="stored"]')
    count += [...tiles].filter(tile => !tile.style.backgroundImage.startsWith('url("data:')).length
    request = requestAnimationFrame(sample)
  })
  const stop = () => {
    cancelAnimationFrame(request)
    return count
  }
  return { stop }
}

interface OpeningRecord {
  positions: { number: number; top: number; left: number }[]
  /** Number of layout shifts of the feed's elements. */
  shifts: number
}

declare global {
  interface Window {
    opening: OpeningRecord
  }
}

/** Records the position of the newest row in every frame that has rows. Runs before the page's own scripts. */
function recordOpening() {
  window.opening = { positions: [], shifts: 0 }
  // Shifts of the composer do not count: model names and prices appear there once they are known.
  const isOfFeed = ({ node }: { node?: Node | null }) => node instanceof Element && node.closest('.feed') !== null
  const shifts = new PerformanceObserver(list => {
    for (const entry of list.getEntries() as (PerformanceEntry & { sources: { node?: Node | null }[] })[]) {
      window.opening.shifts += entry.sources.filter(isOfFeed).length
    }
  })
  shifts.observe({ type: 'layout-shift', buffered: true })
  requestAnimationFrame(function sample() {
    requestAnimationFrame(sample)
    const row = [...document.querySelectorAll('article')].at(-1)
    if (!row) return
    const left = document.documentElement.scrollHeight - innerHeight - scrollY
    const number = Number(/No\. (\d+)/.exec(row.textContent ?? '')?.[1])
    window.opening.positions.push({ number, top: row.getBoundingClientRect().top, left })
  })
}
