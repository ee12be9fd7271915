import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { createAxe } from './axe.ts'
import { dropImages } from './drop-images.ts'
import { serveModels } from './model-catalogue.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let seeded: SeededStudio
beforeAll(async () => {
  seeded = await startSeededStudio(12)
})
afterAll(() => seeded[Symbol.asyncDispose]())

test('opens with the demo alone, which offers the way to a connection', async () => {
  const { page, pageErrors } = await seeded.open()
  await page.getByRole('link', { name: 'Add a connection' }).waitFor()
  await openPicker(page)
  expect(await listNames(page)).toEqual(['Demo (no AI model)'])
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  expect(await modelButton(page).evaluate(button => button === document.activeElement)).toBe(true)
  await page.getByRole('button', { name: 'Do not show this again' }).click()
  await page.reload()
  await modelButton(page).waitFor()
  expect(await page.getByRole('link', { name: 'Add a connection' }).count()).toBe(0)
  expect(pageErrors).toEqual([])
})

test('finds and chooses a model by the keyboard, and lists favourites first when it is opened again', async () => {
  const { page, pageErrors } = await openWithModels()
  await openPicker(page)
  expect(await listNames(page)).not.toContain('Veo 3.1')
  await page.keyboard.type('gpt openai')
  await page.keyboard.press('Enter')
  await modelButton(page).getByText('gpt-image-2').waitFor()
  expect(await modelButton(page).evaluate(button => button === document.activeElement)).toBe(true)

  await page.keyboard.press('Enter')
  await searchField(page).waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('End')
  await page.keyboard.press('s')
  const before = await listNames(page)
  const last = before.at(-1) ?? ''
  expect(await page.getByRole('button', { name: `Favourite ${last}` }).getAttribute('aria-pressed')).toBe('true')
  expect(await listNames(page)).toEqual(before)
  // A letter searches, from wherever the focus is.
  await page.keyboard.type('flux')
  expect(await searchField(page).inputValue()).toBe('flux')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await modelButton(page).getByText('FLUX.2 fill').waitFor()
  await openPicker(page)
  expect((await listNames(page))[0]).toBe(last)
  await page.getByRole('button', { name: 'Video', exact: true }).click()
  expect(await listNames(page)).toEqual(['Veo 3.1'])
  await page
    .getByRole('article')
    .last()
    .click({ position: { x: 5, y: 5 } })
  await searchField(page).waitFor({ state: 'detached' })
  expect(pageErrors).toEqual([])
})

test('shows settings that have an effect, and the price that follows from them at once', async () => {
  const { page, pageErrors } = await openWithModels()
  await choose(page, 'gpt-image-2')
  await page.getByText('about 24 s').waitFor()
  await page.getByText('about $0.04 each').waitFor()
  await page.getByRole('combobox', { name: 'Outputs' }).selectOption('4')
  await page.getByText('about $0.16').waitFor()
  await page.getByRole('button', { name: 'Settings', exact: true }).click()
  await page.getByRole('combobox', { name: 'Quality' }).selectOption('high')
  await page.getByText('about $0.66').waitFor()
  expect(await page.getByRole('combobox', { name: 'Background' }).inputValue()).toBe('')
  expect(await page.getByRole('slider', { name: 'Compression' }).count()).toBe(0)
  await page.getByRole('combobox', { name: 'Format' }).selectOption('jpeg')
  await page.getByRole('slider', { name: 'Compression' }).waitFor()
  await expectAccessible(page)

  await page.getByRole('button', { name: /^Size:/ }).click()
  await page.getByRole('radio', { name: '3:2' }).check({ force: true })
  await page.getByText('1536 × 1024').first().waitFor()
  await page.getByRole('radio', { name: 'Auto' }).check({ force: true })
  await page.getByText('the model chooses').waitFor()
  await expectAccessible(page)

  // What one model does not have stays for the one that has it.
  await choose(page, 'FLUX.2 pro')
  await page
    .getByRole('button', { name: 'Size: 1:1' })
    .or(page.getByRole('button', { name: 'Size: 3:2' }))
    .waitFor()
  await page.getByText('about $0.16').waitFor()
  await page.getByRole('button', { name: 'Settings', exact: true }).click()
  await page.getByRole('textbox', { name: 'Seed' }).fill('123456789')
  await page.getByRole('textbox', { name: 'Seed' }).press('Tab')
  expect(await page.getByRole('textbox', { name: 'Seed' }).inputValue()).toBe('1000')
  await choose(page, 'gpt-image-2')
  await page.getByRole('button', { name: 'Size: Auto' }).waitFor()
  await page.getByText('about $0.66').waitFor()
  expect(pageErrors).toEqual([])
})

test('reserves the ratio of the first reference where the model chooses the size', async () => {
  const { page, pageErrors } = await openWithModels()
  // The upload never ends: the size is known from the preview alone.
  await page.route('**/api/references', () => undefined)
  await choose(page, 'gpt-image-2')
  await page.getByRole('button', { name: /^Size:/ }).click()
  await page.getByRole('radio', { name: 'Auto' }).check({ force: true })
  await page.getByRole('textbox', { name: 'Prompt' }).fill('the same lake at night')
  await dropImages(page, ['#1d3557'])
  await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.attachment img')?.naturalWidth ?? 0) > 0)
  await page.getByRole('button', { name: 'Generate' }).click()
  const box = await page
    .getByRole('article')
    .filter({ hasText: 'the same lake at night' })
    .locator('.pictures')
    .boundingBox()
  expect(box && box.width / box.height).toBeCloseTo(1.5, 1)
  expect(pageErrors).toEqual([])
})

test('marks the references that a model does not take, and falls back while the chosen model is away', async () => {
  const { page, pageErrors, catalogue } = await openWithModels()
  await choose(page, 'FLUX.2 pro')
  await page.getByRole('textbox', { name: 'Prompt' }).fill('the same cabin in the first snow')
  await dropImages(page, ['#1d3557', '#84a98c', '#e9c46a', '#e76f51'])
  await page.getByText('FLUX.2 pro takes 3 references. The last one stays here and is not sent.').waitFor()
  expect(await page.locator('[data-unsent="true"]').count()).toBe(1)
  await expectAccessible(page)

  catalogue.remove('forest/flux-2-pro')
  await returnAfterAbsence(page)
  await page.getByText('FLUX.2 pro is not available at the moment: using Demo (no AI model).').waitFor()
  await modelButton(page).getByText('Demo').waitFor()
  catalogue.restore()
  await returnAfterAbsence(page)
  await modelButton(page).getByText('FLUX.2 pro').waitFor()
  expect(pageErrors).toEqual([])
})

test('a failed row names the reason and the bill, and opens what is to be changed', async () => {
  const { history } = seeded
  const [refused, unpaid] = [await history.findId(12), await history.findId(11)]
  await fail(refused, { code: 'content_refused', message: 'OpenAI refused it because of its rules.' }, 0)
  await fail(unpaid, { code: 'unknown_outcome', message: 'Something broke off.' }, 0.04)
  const { page, pageErrors } = await openWithModels()
  const row = page.getByRole('article').filter({ hasText: 'No. 12:' })
  await row.getByText('OpenAI refused it because of its rules. Nothing was billed.').waitFor()
  await row.getByText('not billed').waitFor()
  await page.getByText('It may have been made and billed (about $0.04). Make it again?').waitFor()
  await page.getByRole('button', { name: 'Make it again' }).waitFor()
  await expectAccessible(page)
  await row.getByRole('button', { name: 'Edit prompt' }).click()
  expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toStartWith('No. 12:')
  await row.getByRole('button', { name: 'Try another model' }).click()
  await searchField(page).waitFor()
  expect(pageErrors).toEqual([])
})

test.each([
  ['dark', 1440, 900],
  ['dark', 1024, 768],
  ['dark', 390, 844],
  ['light', 1440, 900],
  ['light', 1024, 768],
  ['light', 390, 844],
] as const)('is accessible and within the window: %s, %d × %d', async (colorScheme, width, height) => {
  const isPhone = width < 640
  const { page, pageErrors } = await openWithModels({ colorScheme, viewport: { width, height }, hasTouch: isPhone })
  await choose(page, 'gpt-image-2')
  await page.getByRole('button', { name: /^Size:/ }).click()
  await page.getByRole('radio', { name: '3:2' }).waitFor()
  await capture(page, `size-${colorScheme}-${width}`)
  await openPicker(page)
  await expectAccessible(page)
  await capture(page, `picker-${colorScheme}-${width}`)
  const box = await page.getByRole('dialog', { name: 'Models' }).boundingBox()
  expect(box && box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height).toBe(true)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
  expect(pageErrors).toEqual([])
})

/** Opens the feed with the models of several providers. */
async function openWithModels(options: Parameters<SeededStudio['open']>[0] = {}) {
  const opened = await seeded.open(options)
  const catalogue = await serveModels(opened.page)
  await opened.page.reload()
  await opened.page.getByRole('article').first().waitFor()
  return { ...opened, catalogue }
}

/** Makes a finished generation one that has failed. */
async function fail(id: string, error: { code: string; message: string }, amount: number): Promise<void> {
  const cost = { amount, currency: 'USD', estimated: amount > 0 }
  await seeded.history.updateGeneration(id, async tx => {
    await tx`
      update generations set status = 'failed', error = ${tx.json(error)}, cost = ${tx.json(cost)} where id = ${id}`
    await tx`update generation_outputs set state = 'failed', key = null where generation_id = ${id}`
  })
}

function modelButton(page: Page) {
  return page.getByRole('button', { name: /^Model: / })
}

function searchField(page: Page) {
  return page.getByRole('searchbox', { name: /^Search \d+ model/ })
}

async function openPicker(page: Page): Promise<void> {
  // On a phone the composer is one line until it has the focus.
  await page.getByRole('textbox', { name: 'Prompt' }).focus()
  await modelButton(page).click()
  await searchField(page).waitFor()
}

async function choose(page: Page, name: string): Promise<void> {
  await openPicker(page)
  await page.getByRole('dialog', { name: 'Models' }).getByRole('button', { name, exact: true }).click()
  await searchField(page).waitFor({ state: 'detached' })
}

async function listNames(page: Page): Promise<string[]> {
  return await page.locator('.picker-choice').allTextContents()
}

/** Makes the page believe that it was hidden for an hour. */
async function returnAfterAbsence(page: Page): Promise<void> {
  await page.evaluate(() => {
    const now = Date.now
    const setHidden = (hidden: boolean) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })
      document.dispatchEvent(new Event('visibilitychange'))
    }
    setHidden(true)
    Date.now = () => now() + 3_600_000
    setHidden(false)
    Date.now = now
  })
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}

/** Stores a screenshot in the folder of `SCREENSHOTS`, if that is set. */
async function capture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` })
}
