import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { CDPSession, Page, Request } from 'playwright-core'
import { frames, inView, pixels, readRow, scrolled, settled, watch, wheel } from './page-probes.ts'
import { differing, record, still } from './screencast.ts'
import { type Filled, startFilled } from './seeded-studio.ts'

const COUNT = 10_000
const ROW_GAP = 56

let filled: Filled

beforeAll(async () => {
  filled = await startFilled(COUNT)
}, 120_000)

afterAll(() => filled[Symbol.asyncDispose](), 60_000)

test('1: never more than 20 rows are in the page, and the heap does not grow with what has been seen', async () => {
  const { page, complaints } = await filled.open()
  const heap = await heapOf(page)
  const stop = await watch(page, await readRow(page))
  // What is on its way just then is in it as well: rows that were kept would be in each of three.
  const readings = async () => {
    const sizes: number[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      await travelUp(page, 5)
      sizes.push(await heap())
    }
    return sizes
  }
  const full = await readings()
  const after = await readings()
  const { most } = await stop()
  expect(most).toBeLessThanOrEqual(20)
  expect(Math.min(...after) / Math.max(...full)).toBeLessThan(1.2)
  expect((await scrolled(page)).height).toBeLessThan(1_600_000)
  const [row] = await inView(page)
  expect(row?.number).toBeLessThan(COUNT - 2_000)
  expect(complaints).toEqual([])
  await page.context().close()
}, 60_000)

test('2: it opens at the newest, in the first frame that has rows, and nothing jumps after that', async () => {
  const context = await filled.browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.addInitScript(recordOpening)
  await page.goto(filled.studio.url)
  await page.getByText(`No. ${COUNT}:`).waitFor()
  await page.locator('article img').first().waitFor()
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  await frames(page, 10)
  const { places, shifts } = await page.evaluate(() => window.opening)
  expect(places.length).toBeGreaterThan(3)
  expect(places[0]).toMatchObject({ number: COUNT, left: 0 })
  expect(new Set(places.map(place => JSON.stringify(place))).size).toBe(1)
  expect(shifts).toBe(0)
  await context.close()
}, 60_000)

for (const [window, pages] of [
  ['a window that grows', 0],
  ['a window that is cut at its other end', 9],
] as const) {
  test(`4: older rows come before the reader gets there, in ${window}; the row being read stays, element, pictures, focus and all`, async () => {
    const { page, complaints } = await filled.open()
    await travelUp(page, pages)
    const held = await holdPages(page)
    for (let turn = 0; turn < 60 && !held.isAsked(); turn += 1) await wheel(page, -3_000)
    expect(held.isAsked()).toBe(true)
    expect((await scrolled(page)).top).toBeGreaterThan(2_000)
    const id = await readRow(page)
    await page.locator(`article[data-generation-id="${id}"]`).getByRole('button', { name: 'Reuse' }).focus()
    await settled(page)
    const [before, drawn] = [await scrolled(page), await still(page)]
    const stop = await watch(page, id)
    held.release()
    await page.waitForFunction(height => document.documentElement.scrollHeight !== height, before.height)
    await frames(page, 10)
    const seen = await stop()
    expect(seen.tops.length).toBe(1)
    expect(seen).toMatchObject({ isSameNode: true, isSameFocus: true, loaded: [] })
    expect(await differing(page, drawn, await pixels(page))).toBe(0)
    expect((await scrolled(page)).top).toBeGreaterThan(before.top)
    expect(complaints).toEqual([])
    await page.context().close()
  }, 60_000)
}

test('4: the window slides back down to the newest, and is at the end there', async () => {
  const { page } = await filled.open()
  await travelUp(page, 12)
  await travelDown(page, COUNT)
  expect((await scrolled(page)).height).toBeLessThan(1_600_000)
  expect(await page.getByRole('button', { name: 'Latest' }).count()).toBe(0)
  await page.context().close()
}, 60_000)

test('9: an address opens at its generation, and a reload comes back to the same place', async () => {
  const id = await filled.history.idOf(6_000)
  const { page } = await filled.open({ path: `/#g=${id}` })
  const [row] = (await inView(page)).filter(({ top }) => top >= 0)
  expect(row).toMatchObject({ id, top: 64 })
  await wheel(page, -1_717)
  const before = await inView(page)
  await page.waitForFunction(address => location.hash !== address, `#g=${id}`)
  await page.reload()
  await page.getByRole('article').first().waitFor()
  await frames(page, 5)
  expect(await inView(page)).toEqual(before)
  await page.evaluate(
    newest => {
      location.hash = `#g=${newest}`
    },
    await filled.history.idOf(1_000),
  )
  await page.getByText('No. 1000:').waitFor()
  await page.context().close()
}, 60_000)

test('pictures can be drawn smaller: the reader stays at the same row, and the choice outlives a reload', async () => {
  const { page } = await filled.open()
  await wheel(page, -6_000)
  const under = async () => (await inView(page)).findLast(({ top }) => top <= 65)?.id
  const [id, { height }] = [await under(), await scrolled(page)]
  for (const next of ['medium', 'small']) {
    await page.getByRole('button', { name: /^Pictures: / }).click()
    await page.getByRole('button', { name: `Pictures: ${next}` }).waitFor()
    await frames(page, 5)
    expect(await under()).toBe(id ?? '')
  }
  expect((await scrolled(page)).height).toBeLessThan(height * 0.7)
  await page.waitForFunction(() => location.hash !== '')
  await page.reload()
  await page.getByRole('button', { name: 'Pictures: small' }).waitFor()
  await page.getByRole('article').first().waitFor()
  await frames(page, 5)
  expect(await under()).toBe(id ?? '')
  await page.context().close()
}, 60_000)

test('10: 500 rapid wheel events: rows are there at every frame, with placeholders, then previews; no original is asked for', async () => {
  const { page } = await filled.open()
  const asked = picturesAsked(page)
  const cdp = await page.context().newCDPSession(page)
  const stop = await watch(page, await readRow(page))
  const screencast = await record(page)
  const bare = await page.evaluateHandle(countBareTiles)
  await spin(cdp, 500, -120)
  const covers = await screencast.stop()
  await frames(page, 10)
  const { gap, most } = await stop()
  expect(gap).toBeLessThanOrEqual(ROW_GAP)
  // A frame is drawn at most every 16 ms.
  expect(longestRun(covers, cover => cover < 0.05)).toBeLessThan(6)
  expect(most).toBeLessThanOrEqual(20)
  expect(await bare.evaluate(counted => counted.stop())).toBe(0)
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  expect(asked.some(url => url.includes('.w960.webp') || url.includes('.w320.webp'))).toBe(true)
  expect(asked.filter(url => url.endsWith('.png'))).toEqual([])
  const [row] = await inView(page)
  expect(row?.number).toBeLessThan(COUNT - 60)
  await page.context().close()
}, 60_000)

/** Goes to the oldest row of the window, as often as said; each time there are older ones. */
async function travelUp(page: Page, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const [first] = await inView(page)
    await page.evaluate(() => window.scrollTo(0, 0))
    await page.waitForFunction(() => scrollY > 2_000)
    const [row] = await inView(page)
    expect(row?.number ?? 0).toBeLessThan(first?.number ?? 0)
  }
}

async function travelDown(page: Page, number: number): Promise<void> {
  const arrived = () => page.getByText(`No. ${number}:`).count()
  while ((await arrived()) === 0) {
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
    await frames(page, 5)
  }
}

/** Keeps back pages beyond the window until they are released. */
async function holdPages(page: Page) {
  let asked = false
  const released = Promise.withResolvers<void>()
  await page.route(/\/api\/generations\?.*cursor=/, async route => {
    asked = true
    await released.promise
    await route.continue()
  })
  return { isAsked: () => asked, release: () => released.resolve() }
}

async function heapOf(page: Page): Promise<() => Promise<number>> {
  const cdp = await page.context().newCDPSession(page)
  return async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    const { usedSize } = await cdp.send('Runtime.getHeapUsage')
    return usedSize
  }
}

/** Turns the wheel as fast as a free-running wheel does, four times a frame, without waiting for what it does. */
async function spin(cdp: CDPSession, times: number, deltaY: number): Promise<void> {
  const turn = { type: 'mouseWheel', x: 600, y: 400, deltaX: 0, deltaY } as const
  const turns: Promise<unknown>[] = []
  for (let time = 0; time < times; time += 1) {
    turns.push(cdp.send('Input.dispatchMouseEvent', turn))
    await Bun.sleep(4)
  }
  await Promise.all(turns)
}

function longestRun<T>(list: readonly T[], is: (one: T) => boolean): number {
  let [longest, run] = [0, 0]
  for (const one of list) {
    run = is(one) ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

function picturesAsked(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request: Request) => request.url().includes('/media/') && asked.push(request.url()))
  return asked
}

/** Counts tiles of stored pictures that have no placeholder in the frame in which they come. */
function countBareTiles() {
  let bare = 0
  let request = requestAnimationFrame(function look() {
    const tiles = document.querySelectorAll<HTMLElement>('.tile[data-state="stored"]')
    bare += [...tiles].filter(tile => !tile.style.backgroundImage.startsWith('url("data:')).length
    request = requestAnimationFrame(look)
  })
  const stop = () => {
    cancelAnimationFrame(request)
    return bare
  }
  return { stop }
}

interface Opening {
  places: { number: number; top: number; left: number }[]
  /** How often something of the feed was moved by the layout. */
  shifts: number
}

declare global {
  interface Window {
    opening: Opening
  }
}

/** Runs before the page's own scripts: writes down where the newest row is in every frame that has rows. */
function recordOpening() {
  window.opening = { places: [], shifts: 0 }
  // In the composer names and prices appear when they are known; what was made must not notice.
  const isOfFeed = ({ node }: { node?: Node | null }) => node instanceof Element && node.closest('.feed') !== null
  const shifts = new PerformanceObserver(list => {
    for (const entry of list.getEntries() as (PerformanceEntry & { sources: { node?: Node | null }[] })[]) {
      window.opening.shifts += entry.sources.filter(isOfFeed).length
    }
  })
  shifts.observe({ type: 'layout-shift', buffered: true })
  requestAnimationFrame(function look() {
    requestAnimationFrame(look)
    const row = [...document.querySelectorAll('article')].at(-1)
    if (!row) return
    const left = document.documentElement.scrollHeight - innerHeight - scrollY
    const number = Number(/No\. (\d+)/.exec(row.textContent ?? '')?.[1])
    window.opening.places.push({ number, top: row.getBoundingClientRect().top, left })
  })
}
