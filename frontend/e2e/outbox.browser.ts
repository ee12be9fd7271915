import { expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { openPage, startBrowser } from './browser.ts'
import { dropImages } from './drop-images.ts'

/** What stands there once the first page has been read. */
const EMPTY_MESSAGE = 'Nothing has been made here yet.'

/** What was asked for while the studio could not be reached is made, also if the page was closed before it could be. */
test('orders outlive their page, pictures and all, and each is made once', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page } = await openPage(browser, studio.url)
  const context = page.context()
  await page.getByText(EMPTY_MESSAGE).waitFor()
  const kept = page.waitForResponse(answer => answer.url().endsWith('/api/references'))
  await dropImages(page, ['#84a98c'])
  expect((await kept).status()).toBe(201)
  await context.setOffline(true)
  await dropImages(page, ['#1d3557'])
  await submitOffline(page, 'a pier in fog')
  await submitOffline(page, 'the pier at noon')
  await page.close()

  await context.setOffline(false)
  const again = await openTab(context, studio.url)
  await expectMade(again, 'a pier in fog')
  await expectMade(again, 'the pier at noon')
  const references = findRow(again, 'a pier in fog').getByRole('list', { name: 'References' }).locator('img')
  expect(await references.count()).toBe(2)

  await again.reload()
  await expectMade(again, 'the pier at noon')
  expect(await again.getByText('Not sent yet').count()).toBe(0)
  const listed = (await (await studio.fetch('/api/generations')).json()) as GenerationPage
  expect(listed.generations).toHaveLength(2)
}, 120_000)

test('what could not be sent goes out by itself when the network is back, with a picture that could not either', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page } = await openPage(browser, studio.url)
  await page.getByText(EMPTY_MESSAGE).waitFor()
  await page.context().setOffline(true)
  await dropImages(page, ['#84a98c'])
  await page.getByRole('form').getByRole('button', { name: 'Try again' }).waitFor()
  await submitOffline(page, 'a pier in fog')
  await page.context().setOffline(false)
  await expectMade(page, 'a pier in fog')
  expect(await findRow(page, 'a pier in fog').getByRole('list', { name: 'References' }).locator('img').count()).toBe(1)
}, 120_000)

test('an order that was taken back before the page was closed stays taken back', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page } = await openPage(browser, studio.url)
  const context = page.context()
  await page.getByText(EMPTY_MESSAGE).waitFor()
  await context.setOffline(true)
  await submitOffline(page, 'a pier in fog')
  await findRow(page, 'a pier in fog').getByRole('button', { name: 'Edit' }).click()
  expect(await findPrompt(page).inputValue()).toBe('a pier in fog')
  await page.close()

  await context.setOffline(false)
  const again = await openTab(context, studio.url)
  await findPrompt(again).waitFor()
  await again.getByText(EMPTY_MESSAGE).waitFor()
  expect(await findPrompt(again).inputValue()).toBe('a pier in fog')
  await findPrompt(again).fill('the pier at noon')
  await findPrompt(again).press('Enter')
  await expectMade(again, 'the pier at noon')
  expect(await again.getByRole('article').count()).toBe(1)
}, 120_000)

function findPrompt(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Prompt' })
}

function findRow(page: Page, prompt: string): Locator {
  return page.getByRole('article').filter({ hasText: prompt })
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
  await findRow(page, prompt).locator('[data-output-index="0"] img').waitFor({ timeout: 60_000 })
}
