import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { captureFeed, findReadRow, scrollByWheel, startProbe, waitForFrames, waitUntilSettled } from './page-probes.ts'
import { captureWhenStill, countDifferences } from './screencast.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 10_000

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('6: the lightbox does not change the feed, and closing it focuses the thumbnail from which it was opened', async () => {
  const { page, pageErrors } = await seeded.open()
  await scrollByWheel(page, -6_000)
  await waitUntilSettled(page)
  const id = await findReadRow(page)
  const thumbnail = page.locator(`article[data-generation-id="${id}"] [data-output-index="0"]`)
  await thumbnail.focus()
  const opener = await thumbnail.elementHandle()
  const drawn = await captureWhenStill(page)
  const stop = await startProbe(page, id)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.locator('img').first().waitFor()
  expect(await page.getByRole('article', { includeHidden: true }).count()).toBeGreaterThan(2)
  for (let turn = 0; turn < 12; turn += 1) await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await waitForFrames(page, 5)
  const { tops, isSameNode, loaded } = await stop()
  expect([tops.length, isSameNode, loaded]).toEqual([1, true, []])
  expect(await page.evaluate(node => document.activeElement === node, opener)).toBe(true)
  expect(await countDifferences(page, drawn, await captureFeed(page))).toBe(0)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('6: loads originals in the lightbox only', async () => {
  const { page } = await seeded.open()
  const originals: string[] = []
  page.on('request', request => /\/media\/.*\.png$/.test(request.url()) && originals.push(request.url()))
  await waitUntilSettled(page)
  expect(originals).toEqual([])
  await page.locator('article [data-output-index="0"]').last().click()
  await page.getByRole('dialog').locator('img').first().waitFor()
  expect(originals.length).toBe(1)
  await page.context().close()
})

test('6: opens at once with the preview in the box of the original, while its tools are still loading', async () => {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    const { page } = await seeded.open({ viewport })
    const tools = Promise.withResolvers<void>()
    await page.route(/\/lightbox-[^/]*\.js$/, async route => {
      await tools.promise
      await route.continue()
    })
    await page.reload()
    await page.locator('article [data-output-index="0"]').last().focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    const preview = dialog.locator('.lightbox-opening img')
    await preview.waitFor()
    const opening = await middleOf(preview)
    tools.resolve()
    await dialog.locator('.surface img[data-state="loaded"]').waitFor()
    const shown = await middleOf(dialog.locator('.surface img'))
    expect(Math.hypot(shown.x - opening.x, shown.y - opening.y)).toBeLessThanOrEqual(1)
    await page.context().close()
  }
})

test('6: deleting in the lightbox shows the neighbour, and closing it focuses the neighbour’s thumbnail', async () => {
  const { page, pageErrors } = await seeded.open()
  await scrollByWheel(page, -6_000)
  await waitUntilSettled(page)
  const id = await findReadRow(page)
  const next = await findNextRow(page, id)
  const thumbnails = page.locator(`article[data-generation-id="${id}"] [data-output-index]`)
  const count = await thumbnails.count()
  await thumbnails.first().click()
  const dialog = page.getByRole('dialog')
  // Each output is deleted alone, and the last one with its generation.
  for (let index = 0; index < count; index += 1) {
    await dialog.locator(`img[data-generation-id="${id}"][data-output="${index}"]`).waitFor()
    expect(await thumbnails.count()).toBe(count - index)
    await dialog.getByRole('button', { name: 'Delete this picture' }).click()
  }
  await dialog.locator(`img[data-generation-id="${next}"]`).waitFor()
  await page.waitForFunction(
    deletedId => document.querySelector(`article[data-generation-id="${deletedId}"]`) === null,
    id,
  )
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  const focused = () => document.activeElement?.closest('article')?.getAttribute('data-generation-id')
  expect(await page.evaluate(focused)).toBe(next)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

async function middleOf(image: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await image.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
  return { x: x + width / 2, y: y + height / 2 }
}

/** Returns the id of the next row after another one that has an output. */
async function findNextRow(page: Page, id: string): Promise<string> {
  return await page.evaluate(row => {
    const rows = [...document.querySelectorAll<HTMLElement>('article')].toSorted(
      (a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top,
    )
    const after = rows.slice(rows.findIndex(article => article.dataset.generationId === row) + 1)
    return after.find(article => article.querySelector('[data-output-index]') !== null)?.dataset.generationId ?? ''
  }, id)
}
