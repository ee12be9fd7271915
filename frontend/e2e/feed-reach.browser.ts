import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { frames, inView, scrolled } from './page-probes.ts'
import { type Filled, startFilled } from './seeded-studio.ts'

const COUNT = 100_000
/** Chromium cuts off what is higher. */
const HIGHEST = 33_554_432

let filled: Filled

beforeAll(async () => {
  filled = await startFilled(COUNT)
}, 180_000)

afterAll(() => filled[Symbol.asyncDispose](), 60_000)

test('8: of 100,000 generations the oldest, the newest and any day between can be reached', async () => {
  const { page, complaints } = await filled.open()
  const scrubber = page.getByRole('slider', { name: 'Jump to date' })
  await scrubber.waitFor()
  expect(await numbersInView(page)).toContain(COUNT)

  await scrubber.focus()
  await page.keyboard.press('Home')
  await page.getByText('No. 1:').waitFor()
  await frames(page)
  expect((await numbersInView(page))[0]).toBe(1)

  await page.keyboard.press('End')
  await page.getByText(`No. ${COUNT}:`).waitFor()

  const box = await scrubber.boundingBox()
  if (!box) throw new Error('the scrubber is not there')
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
  await page.waitForFunction(number => !document.body.textContent?.includes(`No. ${number}:`), COUNT)
  const [middle = 0] = await numbersInView(page)
  expect(Math.abs(middle - COUNT / 2)).toBeLessThan(COUNT * 0.02)
  expect((await scrolled(page)).height).toBeLessThan(HIGHEST / 10)
  expect(complaints).toEqual([])
  await page.context().close()
}, 60_000)

test('8: from a place in the middle every row follows the other, in both directions, across many windows', async () => {
  const { page } = await filled.open({ path: `/#g=${await filled.history.idOf(50_000)}` })
  const seen = new Set<number>()
  await walk(page, -1, 49_300, seen)
  await walk(page, 1, 50_400, seen)
  const numbers = [...seen].toSorted((a, b) => a - b)
  const holes = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1)
  expect(holes).toEqual([])
  expect(numbers.length).toBeGreaterThan(1_100)
  await page.context().close()
}, 90_000)

test('what stands at the edge has no violation of axe', async () => {
  const { page } = await filled.open()
  await page.getByRole('slider', { name: 'Jump to date' }).waitFor()
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
  }
  await page.context().close()
}, 60_000)

async function numbersInView(page: Page): Promise<number[]> {
  return (await inView(page)).map(({ number }) => number)
}

/** Goes on until a number is in the page, and writes down every row that was. */
async function walk(page: Page, direction: 1 | -1, until: number, seen: Set<number>): Promise<void> {
  const isThere = (numbers: number[]) => numbers.some(number => (number - until) * direction >= 0)
  for (let numbers = await step(page, direction, seen); !isThere(numbers); ) {
    numbers = await step(page, direction, seen)
  }
}

/** Scrolls by as much as the rows in the page overlap, waiting where more must be read first. */
async function step(page: Page, direction: 1 | -1, seen: Set<number>): Promise<number[]> {
  const numbers = await page.evaluate(async by => {
    window.scrollBy({ top: by, behavior: 'instant' })
    for (let frame = 0; frame < 2; frame += 1) await new Promise(resolve => requestAnimationFrame(resolve))
    return [...document.querySelectorAll('article')].map(row => Number(/No\. (\d+)/.exec(row.textContent ?? '')?.[1]))
  }, direction * 1_800)
  for (const number of numbers) seen.add(number)
  return numbers
}
