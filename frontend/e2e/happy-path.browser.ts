import { expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { createAxe } from './axe.ts'
import { openPage, startBrowser } from './browser.ts'
import { dropImages } from './drop-images.ts'

const PROMPT = 'the same valley after rain, low cloud, one window lit'

test('makes four outputs of a prompt with two dropped references, and shows them after a reload', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page, pageErrors } = await openPage(browser, studio.url)
  await page.getByRole('textbox', { name: 'Prompt' }).waitFor()
  await expectAccessible(page)

  await page.getByRole('textbox', { name: 'Prompt' }).fill(PROMPT)
  await dropImages(page, ['#1d3557', '#84a98c'])
  const attached = page.getByRole('list', { name: 'References, in order' }).getByRole('listitem')
  await attached.nth(1).waitFor()
  expect(await attached.count()).toBe(2)
  await page.getByRole('combobox', { name: 'Outputs' }).selectOption('4')
  await expectAccessible(page)
  await page.getByRole('textbox', { name: 'Prompt' }).press('Enter')

  const article = page.getByRole('feed').getByRole('article')
  await article.getByText(PROMPT).waitFor()
  await markNode(article)
  await article.getByRole('progressbar').first().waitFor()
  expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe('')

  await expectOutputs(article, 4)
  expect(await isMarked(article)).toBe(true)
  await expectReferences(article, 2)
  expect(await article.getByText('Demo (no AI model)').count()).toBe(1)
  await expectAccessible(page)

  const third = article.getByRole('button', { name: 'Open picture 3 of 4' })
  const before = await third.boundingBox()
  await third.click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('img').first().waitFor()
  await expectAccessible(page)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await third.evaluate(node => node === document.activeElement)).toBe(true)
  expect(await third.boundingBox()).toEqual(before)

  await page.reload()
  await expectOutputs(article, 4)
  await expectReferences(article, 2)
  await article.hover()
  await article.getByRole('button', { name: 'Reuse' }).click()
  await attached.nth(1).waitFor()
  expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe(PROMPT)
  expect(await page.getByRole('combobox', { name: 'Outputs' }).inputValue()).toBe('4')
  expect(pageErrors).toEqual([])

  const listed = await (await studio.fetch('/api/generations')).text()
  expect(listed).not.toMatch(/data:|;base64,/i)
})

test('works at a width of 390 pixels in the light theme, without a horizontal scroll bar', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'light' } as const
  const { page, pageErrors } = await openPage(browser, studio.url, phone)
  const prompt = page.getByRole('textbox', { name: 'Prompt' })
  await prompt.tap()
  await prompt.fill('dunes at noon')
  await page.getByRole('button', { name: 'Generate' }).tap()
  await expectOutputs(page.getByRole('article'), 1)
  await expectAccessible(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  expect(pageErrors).toEqual([])
})

/** Asserts the number of a generation's outputs and that each image can be decoded. */
async function expectOutputs(article: Locator, count: number): Promise<void> {
  const images = article.locator('[data-output-index] img')
  await images.nth(count - 1).waitFor()
  expect(await images.count()).toBe(count)
  await expectDecoded(images)
}

async function expectReferences(article: Locator, count: number): Promise<void> {
  const references = article.getByRole('list', { name: 'References' }).locator('img')
  await references.nth(count - 1).waitFor()
  expect(await references.count()).toBe(count)
  await expectDecoded(references)
}

async function expectDecoded(images: Locator): Promise<void> {
  const sizes = await images.evaluateAll(async nodes => {
    const loaded = nodes.filter(node => node instanceof HTMLImageElement)
    await Promise.all(loaded.map(image => image.decode()))
    return loaded.map(image => [image.naturalWidth, image.getBoundingClientRect().width])
  })
  for (const size of sizes) expect(Math.min(...size)).toBeGreaterThan(20)
}

async function markNode(article: Locator): Promise<void> {
  await article.evaluate(node => node.setAttribute('data-test-mark', 'same'))
}

async function isMarked(article: Locator): Promise<boolean> {
  return (await article.getAttribute('data-test-mark')) === 'same'
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}
