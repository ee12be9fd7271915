import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Submission } from '@darkroom/contracts/generation'
import type { ReferenceOrigin } from '@darkroom/contracts/history/library'
import type { Locator, Page } from 'playwright-core'
import { createAxe } from './axe.ts'
import { dropImages } from './drop-images.ts'
import { serveModels } from './model-catalogue.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let seeded: SeededStudio
beforeAll(async () => {
  seeded = await startSeededStudio(12)
})
afterAll(() => seeded[Symbol.asyncDispose]())

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

test('is one line on a phone until it is used, with Generate at one corner, and the draft survives a reload', async () => {
  const { page, pageErrors } = await seeded.open(PHONE)
  const composer = composerOf(page)
  await composer.getByRole('button', { name: 'Generate' }).waitFor()
  expect(await composer.boundingBox()).toEqual({ x: 8, y: 844 - 8 - 56, width: 374, height: 56 })
  await promptOf(page).fill('two boats on a lake')
  await promptOf(page).blur()
  const row = page.getByRole('article').last()
  const [rowBefore, generateBefore] = [await row.boundingBox(), await generateOf(page).boundingBox()]
  await promptOf(page).tap()
  await composer.getByRole('button', { name: /^Size:/ }).waitFor()
  expect([await row.boundingBox(), await generateOf(page).boundingBox()]).toEqual([rowBefore, generateBefore])
  await expectAccessible(page)
  await page.reload()
  await composer.getByRole('button', { name: 'Generate' }).waitFor()
  expect(await promptOf(page).inputValue()).toBe('two boats on a lake')
  expect(pageErrors).toEqual([])
})

test('what is sent before the models are known goes out once they are, unless it is changed meanwhile', async () => {
  const { page, pageErrors } = await seeded.open()
  const open = async () => {
    const models = Promise.withResolvers<void>()
    await page.route('**/api/models', async route => {
      await models.promise
      await route.continue()
    })
    await page.reload()
    await page.getByRole('article').last().waitFor()
    return async () => {
      models.resolve()
      await page.getByRole('button', { name: /^Model: Demo/ }).waitFor()
      await page.unroute('**/api/models')
    }
  }
  const releaseChanged = await open()
  await promptOf(page).fill('a boat')
  await promptOf(page).press('Enter')
  await promptOf(page).fill('a boat at night')
  await releaseChanged()
  expect(await promptOf(page).inputValue()).toBe('a boat at night')
  const release = await open()
  await promptOf(page).press('Enter')
  expect(await promptOf(page).inputValue()).toBe('a boat at night')
  await release()
  await page.getByRole('article').filter({ hasText: 'a boat at night' }).waitFor()
  expect(await promptOf(page).inputValue()).toBe('')
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('cuts no words and moves no row, at 200 % zoom, at 320 px and with eight lines', async () => {
  const { page, pageErrors } = await seeded.open()
  await serveModels(page)
  await page.reload()
  await choose(page, 'gpt-image-2')
  const row = page.getByRole('article').last()
  const before = await row.boundingBox()
  await promptOf(page).fill('line\n'.repeat(12))
  await dropImages(page, ['#1d3557'])
  await page.locator('.attachment').waitFor()
  expect(await row.boundingBox()).toEqual(before)
  for (const [width, height] of [
    [720, 450],
    [640, 400],
    [320, 640],
  ] as const) {
    await page.setViewportSize({ width, height })
    await promptOf(page).focus()
    // Rows are laid out by their own width, which is known a frame after that of the window.
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth)
    expect({ width, cut: await findCutWords(page) }).toEqual({ width, cut: [] })
    const box = await composerOf(page).boundingBox()
    expect(box && box.y >= 0 && box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height).toBe(true)
  }
  expect(pageErrors).toEqual([])
})

test('sends nothing while an input method composes, breaks lines by Shift, and writes from right to left', async () => {
  const { page, pageErrors } = await seeded.open()
  const sent = await collectSubmissions(page)
  await promptOf(page).fill('قارب على بحيرة سوداء')
  expect(await promptOf(page).evaluate(field => getComputedStyle(field).direction)).toBe('rtl')
  for (const composing of [{ isComposing: true }, { keyCode: 229 }]) {
    await promptOf(page).dispatchEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...composing })
  }
  await promptOf(page).press('Shift+Enter')
  expect(await promptOf(page).inputValue()).toBe('قارب على بحيرة سوداء\n')
  expect(sent).toEqual([])
  await promptOf(page).press('Control+Enter')
  await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('.prompt-field')?.value === '')
  await expectSent(page, sent, 1)
  expect(pageErrors.filter(isUnexpected)).toEqual([])
})

test('attaches a picture once, gives it a role, and never sends later what was left over', async () => {
  const { page, pageErrors } = await seeded.open()
  await serveModels(page)
  const sent = await collectSubmissions(page)
  await page.reload()
  const attached = page.locator('.attachment')

  await choose(page, 'FLUX.2 fill')
  await dropImages(page, ['#1d3557', '#84a98c'])
  await attached.nth(1).waitFor()
  await dropImages(page, ['#84a98c'])
  await page.getByText('This picture is attached already.').waitFor()
  expect(await attached.count()).toBe(2)
  await page.getByRole('combobox', { name: 'Role of reference 2' }).selectOption('style')
  await expectAccessible(page)
  await send(page, 'with a style')
  await expectSent(page, sent, 1)
  expect(sent[0]).toMatchObject({ referenceRoles: ['reference', 'style'] })
  expect(sent[0]?.referenceImages).toHaveLength(2)
  expect(await attached.count()).toBe(0)

  await choose(page, 'Veo 3.1', 'Video')
  await dropImages(page, ['#e9c46a', '#e76f51'])
  await page.getByRole('combobox', { name: 'Role of reference 2' }).selectOption('first-frame')
  await page.getByRole('combobox', { name: 'Role of reference 1' }).selectOption('first-frame')
  await page.getByText('Veo 3.1 takes one first frame. Further ones stay here and are not sent.').waitFor()
  await send(page, 'one frame')
  await expectSent(page, sent, 2)
  expect(sent[1]).toMatchObject({ referenceRoles: ['first-frame'] })

  await page.getByText('One picture was not sent with the last prompt, and will not be with the next.').waitFor()
  await choose(page, 'FLUX.2 pro', 'Images')
  await expectAccessible(page)
  await send(page, 'nothing rides along')
  await expectSent(page, sent, 3)
  expect(sent[2]?.referenceImages).toBeUndefined()
  await page.getByRole('button', { name: 'Use it', exact: true }).click()
  await send(page, 'now it does')
  await expectSent(page, sent, 4)
  expect(sent[3]?.referenceImages).toHaveLength(1)
  expect(pageErrors.filter(isUnexpected)).toEqual([])
})

test('offers the settings of a picture that was made here or says how it was made', async () => {
  const id = await seeded.history.findId(7)
  const { page, pageErrors } = await seeded.open()
  let origin: ReferenceOrigin = { output: { generationId: id, outputIndex: 0 }, settings: null }
  await page.route('**/api/references/*/origin', route => route.fulfill({ json: origin }))
  await dropImages(page, ['#1d3557'])
  await page.getByText('This picture was made here.').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: /^Use its settings/ }).click()
  await page.waitForFunction(() =>
    document.querySelector<HTMLTextAreaElement>('.prompt-field')?.value.startsWith('No. 7:'),
  )

  origin = {
    output: null,
    settings: { source: 'A1111', prompt: 'a red chair', seed: 41, steps: 30, model: 'dreamshaper' },
  }
  await dropImages(page, ['#84a98c'])
  await page.getByText('A1111 wrote how it was made.').waitFor()
  await page.getByRole('button', { name: /^Use its settings/ }).click()
  await page.getByText('Not available here: steps and model dreamshaper.').waitFor()
  expect(await promptOf(page).inputValue()).toBe('a red chair')
  await page.getByRole('button', { name: 'Seed 41' }).waitFor()
  expect(pageErrors).toEqual([])
})

test('goes on from a picture once', async () => {
  const parent = { generationId: await seeded.history.findId(3), outputIndex: 0, verb: 'vary' }
  const { page, pageErrors } = await seeded.open()
  const sent = await collectSubmissions(page)
  await page.evaluate(
    stored => localStorage.setItem('darkroom.draft-parent', stored),
    JSON.stringify({ ...parent, prompt: 'a plain kitchen chair' }),
  )
  await page.reload()
  await page.getByText('Going on from: a plain kitchen chair · vary').waitFor()
  await expectAccessible(page)
  await send(page, 'in the evening')
  await expectSent(page, sent, 1)
  expect(sent[0]?.parent).toEqual(parent)
  expect(await page.getByText('Going on from:').count()).toBe(0)
  expect(pageErrors.filter(isUnexpected)).toEqual([])
})

test('returns the focus to a row that was deleted by mistake', async () => {
  const id = await seeded.history.findId(12)
  const { page, pageErrors } = await seeded.open()
  const row = page.locator(`article[data-generation-id="${id}"]`)
  await row.hover()
  await row.getByRole('button', { name: 'More actions: ' }).click()
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
  await row.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo' }).press('Enter')
  await waitForFocusIn(page, id)
  // While the feed still scrolls after the deletion, a row that comes back is rendered cheaply at first.
  const undone = page.evaluate(undoOnceDeleted, id)
  await row.getByRole('button', { name: 'More actions: ' }).click()
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
  await undone
  await waitForFocusIn(page, id)
  expect(pageErrors).toEqual([])
})

async function waitForFocusIn(page: Page, id: string): Promise<void> {
  await page.waitForFunction(
    generationId => document.activeElement?.closest('article')?.dataset.generationId === generationId,
    id,
  )
}

/** Presses Undo as soon as a row is gone and it is there. */
async function undoOnceDeleted(id: string): Promise<void> {
  const find = () => [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Undo')
  const isShown = () => document.querySelector(`article[data-generation-id="${id}"]`) !== null
  while (isShown() || !find()) await new Promise(resolve => requestAnimationFrame(resolve))
  find()?.focus()
  find()?.click()
}

function composerOf(page: Page): Locator {
  return page.getByRole('form', { name: 'New generation' })
}

function promptOf(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Prompt' })
}

function generateOf(page: Page): Locator {
  return page.getByRole('button', { name: 'Generate' })
}

async function choose(page: Page, name: string, kind?: 'Images' | 'Video'): Promise<void> {
  await page.getByRole('button', { name: /^Model: / }).click()
  const dialog = page.getByRole('dialog', { name: 'Models' })
  if (kind) await dialog.getByRole('button', { name: kind, exact: true }).click()
  await dialog.getByRole('button', { name, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
}

async function send(page: Page, prompt: string): Promise<void> {
  await promptOf(page).fill(prompt)
  await promptOf(page).press('Enter')
}

/** Collects what the page submits. The studio seems to be away, so that nothing is made of it. */
async function collectSubmissions(page: Page): Promise<Submission[]> {
  const byClientId = new Map<string, Submission>()
  const sent: Submission[] = []
  await page.route('**/api/generate', async route => {
    const submission: Submission = route.request().postDataJSON()
    if (!byClientId.has(submission.clientId ?? '')) sent.push(submission)
    byClientId.set(submission.clientId ?? '', submission)
    await route.fulfill({ status: 503, json: { detail: 'Not now.' } })
  })
  return sent
}

async function expectSent(page: Page, sent: readonly Submission[], count: number): Promise<void> {
  const deadline = Date.now() + 60_000
  while (sent.length < count && Date.now() < deadline) await page.waitForTimeout(20)
  expect(sent).toHaveLength(count)
}

/** Returns whether an error of the page is another than the answers of `collectSubmissions`. */
function isUnexpected(message: string): boolean {
  return !message.includes('503')
}

/** Returns the labels of the composer's controls that are wider than their control. */
async function findCutWords(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.composer .chip, .composer .promise, .composer .generate')]
      .filter(element => [element, ...element.children].some(part => part.scrollWidth > part.clientWidth + 1))
      .filter(element => !element.matches('.generate') || innerWidth >= 640)
      .map(element => element.textContent ?? ''),
  )
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}
