import { expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import type { Locator, Page } from 'playwright-core'
import { type FakeProvider, startFakeProvider } from '../../infra/testing/studio/fake-provider.ts'
import { startTestStudio, type TestStudio } from '../../infra/testing/studio/test-studio.ts'
import { waitFor } from '../../infra/testing/wait-for.ts'
import { createAxe } from './axe.ts'
import { openPage, startBrowser } from './browser.ts'

test('cancels, retries, completes, favours, deletes and restores generations, also across a reload', async () => {
  await using fake = await startFakeProvider()
  await using studio = await startTestStudio(fake.env)
  await using browser = await startBrowser()
  const { page, pageErrors } = await openPage(browser, studio.url)
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor()

  await cancelAndRetry(page, studio, fake)
  await getMissing(page, studio, fake)
  await actOnUnknown(page, studio, fake)
  await favouriteAndReload(page, studio)
  await deleteAndRestore(page)
  // Chromium logs a 409: the check of a call without a request id is refused.
  expect(pageErrors.filter(error => !error.includes('409'))).toEqual([])
})

async function cancelAndRetry(page: Page, studio: TestStudio, fake: FakeProvider): Promise<void> {
  await fake.setBehavior({ readyOutputs: 0 })
  await submit(studio, 'a lighthouse', 2)
  const row = findRow(page, 'a lighthouse')
  await row.getByRole('progressbar').first().waitFor()
  // Before the first check its request id may not be noted: the note would say that it was just being sent.
  await fake.waitForRequests(({ checks }) => checks.length > 0)
  await row.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('The provider is asked to stop.').waitFor()
  await row.getByText('Cancelled', { exact: true }).waitFor()
  await expectAccessible(page)
  await fake.setBehavior({ readyOutputs: null })
  await row.getByRole('button', { name: 'Try again' }).click()
  await expectOutputs(row, 2)
  // Outputs are shown before the generation has ended.
  await row.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' })
}

async function getMissing(page: Page, studio: TestStudio, fake: FakeProvider): Promise<void> {
  await fake.setBehavior({ output: 'fewer' })
  await submit(studio, 'three boats', 3)
  const row = findRow(page, 'three boats')
  const missing = row.getByRole('button', { name: 'Get the missing one' })
  await missing.waitFor()
  await row.getByText('billed anew').waitFor()
  await expectAccessible(page)
  await fake.setBehavior({ output: null })
  const before = (await fake.readRequestLog()).submits.length
  await missing.click()
  await expectOutputs(row, 3)
  expect((await fake.readRequestLog()).submits.slice(before).map(({ indices }) => indices)).toEqual([[2]])
}

async function actOnUnknown(page: Page, studio: TestStudio, fake: FakeProvider): Promise<void> {
  await fake.setBehavior({ submit: { kind: 'reset', times: 1 } })
  await submit(studio, 'an empty quay', 1)
  const row = findRow(page, 'an empty quay')
  await row.getByText('It may have been made and billed (about $0.01). Make it again?').waitFor()
  await expectAccessible(page)
  await row.getByRole('button', { name: 'Ask the provider again' }).click()
  await page.getByText('gave no number to ask by').waitFor()
  await row.getByRole('button', { name: 'Make it again' }).click()
  await expectOutputs(row, 1)
}

async function favouriteAndReload(page: Page, studio: TestStudio): Promise<void> {
  const favourite = findRow(page, 'three boats').getByRole('button', { name: 'Favourite picture 2' })
  await favourite.click()
  await page.locator('[aria-label^="Favourite picture 2 of 3"][aria-pressed="true"]').waitFor()
  await waitUntilSaved(studio)
  await page.reload()
  await favourite.waitFor()
  expect(await favourite.getAttribute('aria-pressed')).toBe('true')
  await expectAccessible(page)
}

async function deleteAndRestore(page: Page): Promise<void> {
  const row = findRow(page, 'an empty quay')
  const remove = async () => {
    await row.getByRole('button', { name: 'More actions: ' }).click()
    await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
  }
  await remove()
  const restoreButton = page.getByRole('button', { name: 'Undo' })
  await restoreButton.waitFor()
  expect(await row.count()).toBe(0)
  expect(await restoreButton.evaluate(node => node === document.activeElement)).toBe(true)
  await expectAccessible(page)
  await restoreButton.press('Enter')
  await expectOutputs(row, 1)
  await remove()
  await restoreButton.waitFor()
  await page.reload()
  await findRow(page, 'three boats').waitFor()
  expect(await row.count()).toBe(0)
}

async function submit(studio: TestStudio, prompt: string, numOutputs: number): Promise<void> {
  await studio.submit({ prompt, model: 'fake-image', parameters: { numOutputs, resolution: 512 } })
}

function findRow(page: Page, prompt: string): Locator {
  return page.getByRole('article').filter({ hasText: prompt })
}

async function expectOutputs(row: Locator, count: number): Promise<void> {
  const images = row.locator('[data-output-index] img')
  await images.nth(count - 1).waitFor()
  expect(await images.count()).toBe(count)
}

/** Waits until the studio has stored the favourite that the page shows at once. */
async function waitUntilSaved(studio: TestStudio): Promise<void> {
  await waitFor('The favourite', 60_000, async () => {
    const { generations } = (await (await studio.fetch('/api/generations?favourite=true')).json()) as GenerationPage
    return generations.length > 0
  })
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}
