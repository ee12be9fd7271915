import { expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { openPage, startBrowser } from './browser.ts'
import { dropImages } from './drop-images.ts'
import { waitForCode } from './page-probes.ts'

/** The text of the page once an empty first page has been read. */
const EMPTY_MESSAGE = 'What you make appears here.'

test('sends submissions with their references after their page was closed offline, each once', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page } = await openPage(browser, studio.url)
  const context = page.context()
  await page.getByText(EMPTY_MESSAGE).waitFor()
  const stored = page.waitForResponse(response => response.url().endsWith('/api/references'))
  await dropImages(page, ['#84a98c'])
  expect((await stored).status()).toBe(201)
  await goOffline(page)
  await dropImages(page, ['#1d3557'])
  await submitOffline(page, 'a pier in fog')
  await submitOffline(page, 'the pier at noon')
  await page.close()

  await context.setOffline(false)
  const second = await openTab(context, studio.url)
  await expectMade(second, 'a pier in fog')
  await expectMade(second, 'the pier at noon')
  const references = findRow(second, 'a pier in fog').getByRole('list', { name: 'References' }).locator('img')
  expect(await references.count()).toBe(2)

  await second.reload()
  await expectMade(second, 'the pier at noon')
  expect(await second.getByText('Not sent yet').count()).toBe(0)
  const listed = (await (await studio.fetch('/api/generations')).json()) as GenerationPage
  expect(listed.generations).toHaveLength(2)
})

test('sends a submission with a failed upload automatically once the network is back', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page } = await openPage(browser, studio.url)
  await page.getByText(EMPTY_MESSAGE).waitFor()
  await goOffline(page)
  await dropImages(page, ['#84a98c'])
  await page.getByRole('form').getByRole('button', { name: 'Try again' }).waitFor()
  await submitOffline(page, 'a pier in fog')
  await page.context().setOffline(false)
  await expectMade(page, 'a pier in fog')
  expect(await findRow(page, 'a pier in fog').getByRole('list', { name: 'References' }).locator('img').count()).toBe(1)
})

test('does not send a submission that was taken back before the page was closed', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page } = await openPage(browser, studio.url)
  const context = page.context()
  await page.getByText(EMPTY_MESSAGE).waitFor()
  await goOffline(page)
  await submitOffline(page, 'a pier in fog')
  await findRow(page, 'a pier in fog').getByRole('button', { name: 'Edit' }).click()
  expect(await findPrompt(page).inputValue()).toBe('a pier in fog')
  await page.close()

  await context.setOffline(false)
  const second = await openTab(context, studio.url)
  await findPrompt(second).waitFor()
  await second.getByText(EMPTY_MESSAGE).waitFor()
  expect(await findPrompt(second).inputValue()).toBe('a pier in fog')
  await findPrompt(second).fill('the pier at noon')
  await findPrompt(second).press('Enter')
  await expectMade(second, 'the pier at noon')
  expect(await second.getByRole('article').count()).toBe(1)
})

function findPrompt(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Prompt' })
}

function findRow(page: Page, prompt: string): Locator {
  return page.getByRole('article').filter({ hasText: prompt })
}

async function goOffline(page: Page): Promise<void> {
  await waitForCode(page, ['after-rows', 'attachment-list'])
  await page.context().setOffline(true)
}

async function submitOffline(page: Page, prompt: string): Promise<void> {
  await findPrompt(page).fill(prompt)
  await findPrompt(page).press('Enter')
  await findRow(page, prompt).getByText('Not sent yet').waitFor()
}

async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  return page
}

async function expectMade(page: Page, prompt: string): Promise<void> {
  await findRow(page, prompt).locator('[data-output-index="0"] img').waitFor()
}
