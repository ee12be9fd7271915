import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { frames, inView, pixels, readRow, scrolled, settled, watch, wheel } from './page-probes.ts'
import { differing, still } from './screencast.ts'
import { type Filled, startFilled } from './seeded-studio.ts'

const COUNT = 10_000
/** The composer covers the bottom of the view. */
const AT_END = 2

let filled: Filled

beforeAll(async () => {
  filled = await startFilled(COUNT)
}, 120_000)

afterAll(() => filled[Symbol.asyncDispose](), 60_000)

test('3: at the bottom the view stays there; anywhere else nothing moves and a button says how many are new', async () => {
  const { page, complaints } = await filled.open()
  const first = await filled.history.begin()
  await page.locator(`article[data-generation-id="${first}"]`).waitFor()
  await frames(page)
  expect(await leftBelow(page)).toBeLessThan(AT_END)
  expect(await page.locator('.to-end').count()).toBe(0)

  await wheel(page, -3_000)
  await settled(page)
  const [id, drawn] = [await readRow(page), await still(page)]
  const stop = await watch(page, id)
  await filled.history.begin()
  const last = await filled.history.begin()
  const button = page.getByRole('button', { name: '2 new' })
  await button.waitFor()
  await frames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  expect(await differing(page, drawn, await pixels(page))).toBe(0)

  await button.click()
  await page.locator(`article[data-generation-id="${last}"]`).waitFor()
  await page.locator('.to-end').waitFor({ state: 'detached' })
  expect(await leftBelow(page)).toBeLessThan(AT_END)
  expect(complaints).toEqual([])
  await page.context().close()
}, 60_000)

test('3: from far away, where the newest are not even held, the button says how many are new and goes there', async () => {
  const { page } = await filled.open({ path: `/#g=${await filled.history.idOf(5_000)}` })
  const before = await inView(page)
  const last = await filled.history.begin()
  await page.getByRole('button', { name: '1 new' }).click({ timeout: 10_000 })
  expect(before[0]?.number).toBeLessThan(COUNT - 4_000)
  await page.locator(`article[data-generation-id="${last}"]`).waitFor()
  await page.locator('.to-end').waitFor({ state: 'detached' })
  expect(await leftBelow(page)).toBeLessThan(AT_END)
  await page.context().close()
}, 60_000)

test('5: rows that grow above the view, by pictures of another size than was expected, move nothing', async () => {
  const { page, complaints } = await filled.open()
  await wheel(page, -6_000)
  await settled(page)
  const id = await readRow(page)
  const above = await rowsAbove(page, id, [2, 3, 9, 25])
  const before = await scrolled(page)
  const drawn = await still(page)
  const stop = await watch(page, id)
  for (const row of above) await filled.history.finish(row, 0, { width: 512, height: 2_400 })
  await page.waitForFunction(height => document.documentElement.scrollHeight !== height, before.height)
  await frames(page, 10)
  const seen = await stop()
  expect((await scrolled(page)).top).not.toBe(before.top)
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  expect(await differing(page, drawn, await pixels(page))).toBe(0)
  expect(complaints).toEqual([])
  await page.context().close()
}, 60_000)

test('5: outputs that arrive in view fill the places they had, and nothing moves when a picture is decoded', async () => {
  const { page } = await filled.open()
  const id = await filled.history.begin()
  const row = page.locator(`article[data-generation-id="${id}"]`)
  await row.getByRole('progressbar').first().waitFor()
  const places = await boxesOf(page, id)
  for (const index of [0, 1]) await filled.history.finish(id, index)
  await row.locator('[data-output-index="1"] img').waitFor()
  // What is told is gone again when something else is.
  await page.getByRole('status').getByText('2 of 4 ready').waitFor({ state: 'attached' })
  await settled(page)
  expect(await boxesOf(page, id)).toEqual(places)
  await page.context().close()
}, 60_000)

test('7: what another page deletes above the view moves nothing', async () => {
  const { page } = await filled.open()
  await wheel(page, -6_000)
  await settled(page)
  const id = await readRow(page)
  const [gone = ''] = await rowsAbove(page, id, [3])
  const stop = await watch(page, id)
  const { height } = await scrolled(page)
  await filled.history.discard(gone)
  await page.waitForFunction(before => document.documentElement.scrollHeight < before, height)
  await frames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  await page.context().close()
}, 60_000)

async function leftBelow(page: Page): Promise<number> {
  const { top, end } = await scrolled(page)
  return end - top
}

/** Ids of rows that the window holds so many places above another one; most are not in the page. */
async function rowsAbove(page: Page, id: string, places: readonly number[]): Promise<string[]> {
  const number = (await inView(page)).find(row => row.id === id)?.number ?? Number.NaN
  return await Promise.all(places.map(place => filled.history.idOf(number - place)))
}

async function boxesOf(page: Page, id: string): Promise<number[][]> {
  return await page.evaluate(
    row =>
      [...document.querySelectorAll(`article[data-generation-id="${row}"] .tile`)].map(tile => {
        const box = tile.getBoundingClientRect()
        return [box.x, box.y, box.width, box.height]
      }),
    id,
  )
}
