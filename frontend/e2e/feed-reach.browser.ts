import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { createAxe } from './axe.ts'
import { getScroll, listRowsInView, waitForFrames, waitUntilSettled } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 100_000
/** Chromium cuts off a higher element. */
const MAX_ELEMENT_HEIGHT = 33_554_432

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('8: reaches the oldest, the newest and any day between of 100,000 generations', async () => {
  const { page, pageErrors } = await seeded.open()
  const scrubber = page.getByRole('slider', { name: 'Jump to date' })
  await scrubber.waitFor()
  expect(await numbersInView(page)).toContain(COUNT)

  await scrubber.focus()
  await page.keyboard.press('Home')
  await page.getByText('No. 1:').waitFor()
  await waitForFrames(page)
  expect((await numbersInView(page))[0]).toBe(1)

  await page.keyboard.press('End')
  await page.getByText(`No. ${COUNT}:`).waitFor()

  const box = await scrubber.boundingBox()
  if (!box) throw new Error('the scrubber is not there')
  // The page of the day is read while the pointer aims at it, and is there when it is released.
  const reads: string[] = []
  const isRead = (message: { url: () => string }) => /[?&]at=/.test(message.url())
  page.on('request', request => isRead(request) && reads.push(request.url()))
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await Promise.all([page.waitForResponse(isRead), page.mouse.down()])
  await page.mouse.up()
  await page.waitForFunction(number => !document.body.textContent?.includes(`No. ${number}:`), COUNT)
  const [middle = 0] = await numbersInView(page)
  expect(Math.abs(middle - COUNT / 2)).toBeLessThan(COUNT * 0.02)
  expect((await getScroll(page)).height).toBeLessThan(MAX_ELEMENT_HEIGHT / 10)
  expect(reads.length).toBe(1)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('8: scrolls from the middle in both directions across many windows without a missing row', async () => {
  const { page } = await seeded.open({ path: `/#g=${await seeded.history.findId(50_000)}` })
  const seen = new Set<number>()
  await scrollUntil(page, -1, 49_300, seen)
  await scrollUntil(page, 1, 50_400, seen)
  const numbers = [...seen].toSorted((a, b) => a - b)
  const holes = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1)
  expect(holes).toEqual([])
  expect(numbers.length).toBeGreaterThan(1_100)
  await page.context().close()
})

test('the scrubber lies below the filters, up to its first label, and has no violation of axe', async () => {
  const { page } = await seeded.open({ path: '/#search?kind=image' })
  const scrubber = page.getByRole('slider', { name: 'Jump to date' })
  await scrubber.waitFor()
  await page.locator('.filter-bar').waitFor()
  await scrubber.focus()
  await page.keyboard.press('Home')
  await waitUntilSettled(page)
  const [header, ...parts] = await page
    .locator('.header, .scrubber-label, .scrubber-here')
    .evaluateAll(all => all.map(one => one.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })))
  expect(parts.length).toBeGreaterThan(2)
  for (const { top } of parts) expect(top).toBeGreaterThanOrEqual(header?.bottom ?? 0)
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await createAxe(page).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
  }
  await page.context().close()
})

async function numbersInView(page: Page): Promise<number[]> {
  return (await listRowsInView(page)).map(({ number }) => number)
}

/** Scrolls until the row of a number is in the page, and collects the numbers of all rows on the way. */
async function scrollUntil(page: Page, direction: 1 | -1, until: number, seen: Set<number>): Promise<void> {
  const isReached = (numbers: number[]) => numbers.some(number => (number - until) * direction >= 0)
  for (let numbers = await scrollStep(page, direction, seen); !isReached(numbers); ) {
    numbers = await scrollStep(page, direction, seen)
  }
}

/** Scrolls by less than the height of the rows in the page, and returns the numbers of the rows that are there then. */
async function scrollStep(page: Page, direction: 1 | -1, seen: Set<number>): Promise<number[]> {
  const numbers = await page.evaluate(async by => {
    window.scrollBy({ top: by, behavior: 'instant' })
    for (let frame = 0; frame < 2; frame += 1) await new Promise(resolve => requestAnimationFrame(resolve))
    return [...document.querySelectorAll('article')].map(row => Number(/No\. (\d+)/.exec(row.textContent ?? '')?.[1]))
  }, direction * 1_800)
  for (const number of numbers) seen.add(number)
  return numbers
}
