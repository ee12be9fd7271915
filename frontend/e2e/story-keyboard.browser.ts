import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { waitForFrames } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const PROMPT = 'a lantern on the stairs'

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(40)
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('from a prompt to the trash and back, by keys alone, with the focus always in a sensible part', async () => {
  const { page, pageErrors } = await seeded.open()
  const row = page.getByRole('article').filter({ hasText: PROMPT }).first()

  await tabUntil(page, '.prompt-field')
  await page.keyboard.type(PROMPT)
  await page.keyboard.press('Enter')
  await expectFocus(page, '.composer', 'sent')
  await row.locator('[data-output-index="0"] img').waitFor()
  await tabUntil(page, 'article *', 'Shift+Tab')
  await expectFocus(page, 'article', 'left the composer')
  const stops = await page
    .locator('article')
    .evaluateAll(all => all.map(one => one.querySelectorAll('[tabindex="0"]').length))
  expect(new Set(stops)).toEqual(new Set([1]))

  await page.keyboard.press('j')
  await waitForFocusedPrompt(page, PROMPT)
  await page.keyboard.press('f')
  await row.locator('.tile-favourite[aria-pressed="true"]').waitFor()
  await expectFocus(page, 'article', 'favourite')
  await useLightbox(page)
  await searchAndDelete(page)
  await visitDialogs(page)
  await visitTrash(page)
  await visitSettings(page)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

/** Opens the picture with the focus, goes to its neighbours and its details, and closes it. */
async function useLightbox(page: Page): Promise<void> {
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  for (const key of ['ArrowLeft', 'ArrowRight', '+', '0', 'i']) await page.keyboard.press(key)
  await dialog.getByText('Time taken').waitFor()
  await expectFocus(page, 'dialog.lightbox', 'lightbox')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await waitForFocusedPrompt(page, PROMPT)
  await expectFocus(page, 'article [data-output-index]', 'closed the lightbox')
}

/** Finds the generation, deletes its selected picture, and takes that back. */
async function searchAndDelete(page: Page): Promise<void> {
  const row = page.getByRole('article').filter({ hasText: PROMPT }).first()
  await page.keyboard.press('/')
  await page.keyboard.type('lantern')
  await page.keyboard.press('Enter')
  await page.getByText('1 generation ·').waitFor()
  await page.keyboard.press('j')
  await waitForFocusedPrompt(page, PROMPT)
  await page.keyboard.press('x')
  await page.getByText('1 selected').waitFor()
  await expectFocus(page, 'article', 'selected')
  await page.keyboard.press('Delete')
  await row.waitFor({ state: 'detached' })
  await expectFocus(page, 'body *', 'deleted')
  await page.keyboard.press('z')
  await row.waitFor()
  await expectFocus(page, 'body *', 'taken back')
}

async function visitDialogs(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog')
  await page.keyboard.press('?')
  await dialog.waitFor()
  // A key that comes before the browser has reported that the dialog is closed.
  await page.evaluate(() => {
    document.querySelector('dialog')?.close()
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'g', bubbles: true, cancelable: true }))
  })
  await waitForFrames(page, 10)
  expect(await dialog.getByRole('heading').textContent()).toBe('Jump to date')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  for (const key of ['?', 'g']) {
    await page.keyboard.press(key)
    await dialog.waitFor()
    await expectFocus(page, 'dialog', `dialog of ${key}`)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await expectFocus(page, 'body *', `closed the dialog of ${key}`)
  }
}

/** Deletes a generation, restores it from the trash, and goes back. */
async function visitTrash(page: Page): Promise<void> {
  await page.keyboard.press('j')
  await waitForFocusedPrompt(page, PROMPT)
  await page.keyboard.press('Delete')
  await page.getByText('Deleted.').waitFor()
  await tabUntil(page, 'a[href="#trash"]', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: `Restore: ${PROMPT}` }).waitFor()
  await expectFocus(page, 'body *', 'trash')
  await page.keyboard.press('j')
  await tabUntil(page, '.trash-line > button', 'ArrowRight')
  await page.keyboard.press('Enter')
  await page.getByText('The trash is empty.').waitFor()
  await expectFocus(page, 'body *', 'restored')
}

async function visitSettings(page: Page): Promise<void> {
  await tabUntil(page, '.page-link[data-page="connections"]', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await page.locator('.page-overlay h1').waitFor()
  await expectFocus(page, '.page-overlay h1', 'settings')
  await page.goBack()
  await page.locator('.page-overlay').waitFor({ state: 'detached' })
  await expectFocus(page, '.page-link', 'back from the settings')
}

/** Presses a key until the focus is on an element. */
async function tabUntil(page: Page, selector: string, key = 'Tab'): Promise<void> {
  const isThere = () => page.evaluate(wanted => document.activeElement?.matches(wanted) ?? false, selector)
  for (let press = 0; press < 60; press += 1) {
    if (await isThere()) return
    await page.keyboard.press(key)
  }
  throw new Error(`${key} does not reach ${selector}`)
}

async function waitForFocusedPrompt(page: Page, prompt: string): Promise<void> {
  await page.waitForFunction(
    text => document.activeElement?.closest('article')?.textContent?.includes(text) ?? false,
    prompt,
  )
}

/** Asserts that the focus comes to rest in a part of the page, never on the page itself. */
async function expectFocus(page: Page, selector: string, step: string): Promise<void> {
  await waitForFrames(page, 10)
  const focused = await page.evaluate(
    wanted =>
      document.activeElement?.closest(wanted) ? 'in' : (document.activeElement?.outerHTML.slice(0, 120) ?? ''),
    selector,
  )
  expect({ step, focused }).toEqual({ step, focused: 'in' })
}
