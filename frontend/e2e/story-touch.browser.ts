import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'
import { createTouch, listTouchProblems } from './touch.ts'

let seeded: SeededStudio
/** Problems that a finger had at the steps so far. */
const problems: string[] = []

beforeAll(async () => {
  seeded = await startSeededStudio(40)
})

afterAll(() => seeded[Symbol.asyncDispose]())

for (const viewport of [
  { width: 390, height: 844 },
  { width: 320, height: 640 },
]) {
  test(`from a prompt to the trash and back, by fingers alone, on a screen of ${viewport.width} px`, async () => {
    const { page, pageErrors } = await seeded.open({ viewport, isMobile: true, hasTouch: true })
    const prompt = `a lantern at ${viewport.width} steps`
    const row = page.getByRole('article').filter({ hasText: prompt }).first()
    expect((await page.getByRole('form', { name: 'New generation' }).boundingBox())?.height).toBe(56)
    await make(page, prompt)
    await row.locator('[data-output-index="0"] img').waitFor()
    await inspectTargets(page, 'feed')
    await row.getByRole('button', { name: /^Favourite picture 1 of/ }).tap()
    await row.locator('.tile-favourite[aria-pressed="true"]').waitFor()

    await useLightbox(page, row)
    await goOn(page, row, prompt)
    await searchAndFilter(page, prompt)
    await deleteSelected(page, row)
    await useTrash(page, prompt)
    await visitSettings(page)
    await row.waitFor()
    expect(problems).toEqual([])
    expect(pageErrors).toEqual([])
    await page.context().close()
  })
}

async function make(page: Page, text: string): Promise<void> {
  const field = promptOf(page)
  await field.tap()
  await field.fill(text)
  await page.getByRole('button', { name: /^Size:/ }).waitFor()
  await inspectTargets(page, 'composer')
  await page.getByRole('button', { name: 'Generate' }).tap()
  expect(await field.inputValue()).toBe('')
}

/** Opens the picture, zooms it by two fingers, turns to the one before it, reads its details, and closes it by Back. */
async function useLightbox(page: Page, row: Locator): Promise<void> {
  await row.locator('[data-output-index="0"]').tap()
  const dialog = page.getByRole('dialog')
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  const touch = await createTouch(page)
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 }
  const middle = { x: width / 2, y: height / 2 - 80 }
  await touch.pinch(middle, 40, 120)
  await page.waitForFunction(() => !document.querySelector('.phone-scale')?.textContent?.startsWith('Fit'))
  await touch.pinch(middle, 120, 20)
  await page.waitForFunction(() => document.querySelector('.phone-scale')?.textContent?.startsWith('Fit'))
  await touch.swipe({ x: 60, y: middle.y }, { x: width - 60, y: middle.y })
  await dialog.locator(`.surface img:not([alt*="lantern at ${width}"])`).waitFor()
  await inspectTargets(page, 'lightbox')
  await dialog.getByRole('button', { name: 'Details', exact: true }).tap()
  await dialog.getByText('Time taken').waitFor()
  await inspectTargets(page, 'details')
  await dialog.getByRole('button', { name: 'Details', exact: true }).tap()
  await dialog.getByRole('button', { name: 'More' }).tap()
  await dialog.getByRole('menuitem', { name: 'Delete this picture' }).waitFor()
  await inspectTargets(page, 'menu of the lightbox')
  await page.goBack()
  await dialog.waitFor({ state: 'detached' })
}

/** Reuses a generation from its menu, which brings its prompt and settings back, and sends it once more. */
async function goOn(page: Page, row: Locator, prompt: string): Promise<void> {
  await page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight }))
  await row.getByRole('button', { name: 'More actions: ' }).tap()
  await page.getByRole('menuitem', { name: 'Reuse' }).waitFor()
  await inspectTargets(page, 'menu of a row')
  await page.getByRole('menuitem', { name: 'Reuse' }).tap()
  await page.waitForFunction(
    text => document.querySelector<HTMLTextAreaElement>('.prompt-field')?.value === text,
    prompt,
  )
  await make(page, `${prompt}, in the rain`)
  const next = page.getByRole('article').filter({ hasText: 'in the rain' }).last()
  await next.locator('[data-output-index="0"] img').waitFor()
}

async function searchAndFilter(page: Page, prompt: string): Promise<void> {
  const field = page.getByRole('searchbox', { name: 'Search' })
  await field.tap()
  await field.fill(prompt)
  await page.getByText('2 generations').waitFor()
  await page.getByRole('button', { name: 'Favourites', exact: true }).waitFor()
  await inspectTargets(page, 'search')
  await page.getByRole('button', { name: 'Favourites', exact: true }).tap()
  await page.getByText('1 generation ·').waitFor()
  // The count and the list are two answers.
  await page.waitForFunction(() => document.querySelectorAll('article').length === 1)
  await inspectTargets(page, 'filter')
}

/** Selects by a touch that stays, deletes, takes it back, and deletes again. */
async function deleteSelected(page: Page, row: Locator): Promise<void> {
  const touch = await createTouch(page)
  const bar = page.getByRole('toolbar', { name: 'Selection' })
  const remove = async () => {
    await touch.press(row.locator('[data-output-index="0"]'), () => bar.getByText('1 selected').waitFor())
    await inspectTargets(page, 'selection')
    await bar.getByRole('button', { name: 'Delete' }).tap()
    await row.waitFor({ state: 'detached' })
  }
  await remove()
  await page.getByRole('button', { name: 'Undo' }).waitFor()
  await inspectTargets(page, 'notice')
  await page.getByRole('button', { name: 'Undo' }).tap()
  await row.waitFor()
  await remove()
}

async function useTrash(page: Page, prompt: string): Promise<void> {
  await openFromMenu(page, 'Trash')
  const deleted = page.getByRole('article').filter({ hasText: prompt })
  await deleted.getByRole('button', { name: 'Restore: ' }).waitFor()
  await inspectTargets(page, 'trash')
  await deleted.getByRole('button', { name: 'Restore: ' }).tap()
  await deleted.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Darkroom: back to the pictures' }).tap()
  await page.waitForFunction(() => !location.hash.startsWith('#trash'))
}

async function visitSettings(page: Page): Promise<void> {
  await openFromMenu(page, 'Settings')
  await page.getByRole('button', { name: 'Back to the pictures', exact: true }).waitFor()
  await inspectTargets(page, 'settings')
  await page.getByRole('button', { name: 'Back to the pictures', exact: true }).tap()
  await page.locator('.page-overlay').waitFor({ state: 'detached' })
}

async function openFromMenu(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'View' }).tap()
  const menu = page.getByRole('region', { name: 'View' })
  await menu.getByRole('link', { name }).waitFor()
  await inspectTargets(page, 'view menu')
  await menu.getByRole('link', { name }).tap()
}

function promptOf(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Prompt' })
}

/** Notes what a finger finds hard at a step. */
async function inspectTargets(page: Page, step: string): Promise<void> {
  problems.push(...(await listTouchProblems(page)).map(problem => `${step}: ${problem}`))
}
