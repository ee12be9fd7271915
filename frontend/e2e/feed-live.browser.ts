import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import {
  captureFeed,
  findReadRow,
  getScroll,
  listRowsInView,
  scrollByWheel,
  startProbe,
  waitForFrames,
  waitUntilSettled,
} from './page-probes.ts'
import { captureWhenStill, countDifferences } from './screencast.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 10_000
/** The composer covers the bottom of the view. */
const END_TOLERANCE = 2

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('3: the view stays at the bottom for new rows; elsewhere nothing moves and a button counts them', async () => {
  const { page, pageErrors } = await seeded.open()
  const first = await seeded.history.insertRunning()
  await page.locator(`article[data-generation-id="${first}"]`).waitFor()
  await waitForFrames(page)
  expect(await distanceToEnd(page)).toBeLessThan(END_TOLERANCE)
  expect(await page.locator('.to-end').count()).toBe(0)

  await scrollByWheel(page, -3_000)
  await waitUntilSettled(page)
  const [id, drawn] = [await findReadRow(page), await captureWhenStill(page)]
  const stop = await startProbe(page, id)
  await seeded.history.insertRunning()
  const last = await seeded.history.insertRunning()
  const button = page.getByRole('button', { name: '2 new' })
  await button.waitFor()
  await waitForFrames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  expect(await countDifferences(page, drawn, await captureFeed(page))).toBe(0)

  await button.click()
  await page.locator(`article[data-generation-id="${last}"]`).waitFor()
  await page.locator('.to-end').waitFor({ state: 'detached' })
  expect(await distanceToEnd(page)).toBeLessThan(END_TOLERANCE)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('3: the button counts new rows and goes there from a window that does not contain the newest', async () => {
  const { page } = await seeded.open({ path: `/#g=${await seeded.history.findId(5_000)}` })
  const before = await listRowsInView(page)
  const last = await seeded.history.insertRunning()
  await page.getByRole('button', { name: '1 new' }).click()
  expect(before[0]?.number).toBeLessThan(COUNT - 4_000)
  await page.locator(`article[data-generation-id="${last}"]`).waitFor()
  await page.locator('.to-end').waitFor({ state: 'detached' })
  expect(await distanceToEnd(page)).toBeLessThan(END_TOLERANCE)
  await page.context().close()
})

test('5: rows above the view move nothing when they grow by outputs of another size than expected', async () => {
  const { page, pageErrors } = await seeded.open()
  await scrollByWheel(page, -6_000)
  await waitUntilSettled(page)
  const id = await findReadRow(page)
  const above = await rowsAbove(page, id, [2, 3, 9, 25])
  const before = await getScroll(page)
  const drawn = await captureWhenStill(page)
  const stop = await startProbe(page, id)
  for (const row of above) await seeded.history.storeOutput(row, 0, { width: 512, height: 2_400 })
  await page.waitForFunction(height => document.documentElement.scrollHeight !== height, before.height)
  await waitForFrames(page, 10)
  const seen = await stop()
  expect((await getScroll(page)).top).not.toBe(before.top)
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  expect(await countDifferences(page, drawn, await captureFeed(page))).toBe(0)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('5: outputs that arrive in view fill their tiles, and nothing moves when an image is decoded', async () => {
  const { page } = await seeded.open()
  const id = await seeded.history.insertRunning()
  const row = page.locator(`article[data-generation-id="${id}"]`)
  await row.getByRole('progressbar').first().waitFor()
  const boxes = await listTileBoxes(page, id)
  for (const index of [0, 1]) await seeded.history.storeOutput(id, index)
  await row.locator('[data-output-index="1"] img').waitFor()
  // Each announcement replaces the last one.
  await page.getByRole('status').getByText('2 of 4 ready').waitFor({ state: 'attached' })
  await waitUntilSettled(page)
  expect(await listTileBoxes(page, id)).toEqual(boxes)
  await page.context().close()
})

test('7: a row above the view that another page deletes moves nothing', async () => {
  const { page } = await seeded.open()
  await scrollByWheel(page, -6_000)
  await waitUntilSettled(page)
  const id = await findReadRow(page)
  const [deletedId = ''] = await rowsAbove(page, id, [3])
  const stop = await startProbe(page, id)
  const { height } = await getScroll(page)
  await seeded.history.moveToTrash(deletedId)
  await page.waitForFunction(before => document.documentElement.scrollHeight < before, height)
  await waitForFrames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  await page.context().close()
})

async function distanceToEnd(page: Page): Promise<number> {
  const { top, end } = await getScroll(page)
  return end - top
}

/** Returns the ids of rows of the window that are the given distances above another one. Most are not in the page. */
async function rowsAbove(page: Page, id: string, distances: readonly number[]): Promise<string[]> {
  const number = (await listRowsInView(page)).find(row => row.id === id)?.number ?? Number.NaN
  return await Promise.all(distances.map(distance => seeded.history.findId(number - distance)))
}

async function listTileBoxes(page: Page, id: string): Promise<number[][]> {
  return await page.evaluate(
    row =>
      [...document.querySelectorAll(`article[data-generation-id="${row}"] .tile`)].map(tile => {
        const box = tile.getBoundingClientRect()
        return [box.x, box.y, box.width, box.height]
      }),
    id,
  )
}
