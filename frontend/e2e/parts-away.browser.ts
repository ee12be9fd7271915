import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import type { Locator, Page } from 'playwright-core'
import { createAxe } from './axe.ts'
import { dropImages } from './drop-images.ts'
import { findReadRow, startProbe, waitUntilSettled } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(12)
})

afterAll(() => seeded[Symbol.asyncDispose]())

const ALL_WELL = { ingest: 'ok', processor: 'ok' }
const PROCESSOR_AWAY_MESSAGE = 'The part that makes pictures is starting again. New prompts are taken and wait.'
const INGEST_AWAY_MESSAGE = 'New prompts cannot be taken at the moment'
const UNAVAILABLE = {
  status: 503,
  headers: { 'retry-after': '1' },
  contentType: 'application/problem+json',
  body: JSON.stringify({ status: 503, code: 'unavailable', detail: 'A part of the studio is starting again.' }),
}

test('sends what was on its way when ingest was killed once it is back, each once and with its references', async () => {
  const { page } = await seeded.open()
  const pid = await seeded.studio.pidOf('ingest')
  const prompts = ['a pier in fog', 'the pier at noon']
  const requests = ['/api/references', '/api/generate'].map(path => page.waitForRequest(isPost(path)))
  let waiting: Promise<void>[] = []
  process.kill(pid, 'SIGSTOP')
  try {
    await dropImages(page, ['#84a98c'])
    for (const prompt of prompts) await submit(page, prompt)
    await Promise.all(requests)
    waiting = prompts.map(prompt => findRow(page, prompt).getByText('Not sent yet').waitFor())
  } finally {
    process.kill(pid, 'SIGKILL')
  }
  await Promise.all(waiting)
  for (const prompt of prompts) await findRow(page, prompt).locator('[data-output-index="0"] img').waitFor()
  const references = findRow(page, 'a pier in fog').getByRole('list', { name: 'References' }).locator('img')
  expect(await references.count()).toBe(1)
  const made = await listPrompts()
  expect(prompts.map(prompt => made.filter(other => other === prompt).length)).toEqual([1, 1])
  await page.context().close()
})

test('shows while the part that makes images is away, in one line that moves nothing', async () => {
  const { page } = await seeded.open({ viewport: { width: 390, height: 844 } })
  let parts = { ingest: 'ok', processor: 'away' }
  await page.route('**/api/parts', route => route.fulfill({ json: parts }))
  await waitUntilSettled(page)
  const stop = await startProbe(page, await findReadRow(page))
  await page.route('**/api/generate/*', route => route.fulfill(UNAVAILABLE))
  await page.getByRole('button', { name: 'Favourite picture 1' }).last().dispatchEvent('click')
  const status = page.getByRole('status').getByText(PROCESSOR_AWAY_MESSAGE)
  await status.waitFor()
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  parts = ALL_WELL
  await status.waitFor({ state: 'detached' })
  expect((await stop()).tops).toHaveLength(1)
  await page.context().close()
})

test('shows while submissions are not taken, and sends them as soon as they are', async () => {
  const { page } = await seeded.open()
  let parts = { ingest: 'away', processor: 'ok' }
  await page.route('**/api/parts', route => route.fulfill({ json: parts }))
  await page.route('**/api/generate', route => route.fulfill(UNAVAILABLE))
  await submit(page, 'a letter for later')
  const row = findRow(page, 'a letter for later')
  await row.getByText('Not sent yet').waitFor()
  const status = page.getByRole('status').getByText(INGEST_AWAY_MESSAGE)
  await status.waitFor()
  await page.unroute('**/api/generate')
  parts = ALL_WELL
  await row.locator('[data-output-index="0"] img').waitFor()
  await status.waitFor({ state: 'detached' })
  expect((await listPrompts()).filter(prompt => prompt === 'a letter for later')).toHaveLength(1)
  await page.context().close()
})

test('shows a full disk in the words of the studio, and loses nothing that was typed', async () => {
  const { page } = await seeded.open()
  const detail = 'The disk of the studio is full. Make room on it, then try again.'
  const body = JSON.stringify({ status: 507, code: 'disk_full', detail })
  const isFull = { status: 507, contentType: 'application/problem+json', body }
  await page.route('**/api/references', route => route.fulfill(isFull))
  await dropImages(page, ['#1d3557'])
  await page.getByRole('form').getByText(detail).waitFor()
  await submit(page, 'a full drawer')
  const row = findRow(page, 'a full drawer')
  await row.getByText(detail).waitFor()
  await page.reload()
  await row.getByText(detail).waitFor()
  await page.unroute('**/api/references')
  await row.getByRole('button', { name: 'Try again' }).click()
  await row.locator('[data-output-index="0"] img').waitFor()
  expect(await row.getByRole('list', { name: 'References' }).locator('img').count()).toBe(1)
  await page.context().close()
})

test('a list that could not be read is read once the studio is back', async () => {
  const { page } = await seeded.open()
  await page.route('**/api/generations?*favourite*', route => route.fulfill(UNAVAILABLE))
  await page.getByRole('link', { name: 'Favourites' }).click()
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  await page.unroute('**/api/generations?*favourite*')
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await page.getByRole('heading', { name: 'No favourites yet.' }).waitFor()
  await page.context().close()
})

test('a key that comes before its code acts once, and what could not be loaded is said until it is', async () => {
  const { page } = await seeded.open()
  const afterRows = /\/after-rows-[^/]*\.js$/
  const code = Promise.withResolvers<void>()
  await page.route(afterRows, async route => {
    await code.promise
    await route.continue()
  })
  await page.reload()
  await page.getByRole('article').first().waitFor()
  const prompt = page.getByRole('textbox', { name: 'Prompt' })
  await prompt.focus()
  for (const key of ['Escape', 'x', '/']) await page.keyboard.press(key)
  code.resolve()
  await page.waitForFunction(() => document.activeElement?.closest('.search') !== null)
  expect([await prompt.inputValue(), await page.getByRole('searchbox').inputValue()]).toEqual(['', ''])
  await page.unrouteAll()
  await page.route(afterRows, route => route.abort())
  await page.reload()
  const alert = page.getByRole('alert').filter({ hasText: 'A part of this page could not be loaded.' })
  await alert.getByRole('button', { name: 'Reload' }).waitFor()
  expect(await alert.count()).toBe(1)
  const { violations } = await createAxe(page).analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  await page.unrouteAll()
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await alert.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Favourite picture 1' }).last().waitFor()
  await page.context().close()
})

test('a prompt that cannot be sent says so, although the code that is loaded after the first rows is away, too', async () => {
  const { page } = await seeded.open()
  await page.route(/\/after-rows-[^/]*\.js$|\/api\/generate$/, route => route.abort())
  await page.reload()
  await page.getByRole('article').first().waitFor()
  await submit(page, 'a letter for later')
  await findRow(page, 'a letter for later').getByText('Not sent yet').waitFor()
  await page.unrouteAll()
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await findRow(page, 'a letter for later').locator('[data-output-index="0"] img').waitFor()
  await page.context().close()
})

test('verbs and style sheets that could not be loaded are loaded again, and nothing is shown without its styles', async () => {
  const { page } = await seeded.open()
  await page.route(/\/(verbs-[^/]*\.js|lightbox-[^/]*\.css)$/, route => route.abort())
  await Promise.all([
    page.waitForEvent('requestfailed', request => request.url().endsWith('.css')),
    page.waitForEvent('requestfailed', request => request.url().includes('/verbs-')),
    page.reload(),
  ])
  const dialog = page.getByRole('dialog')
  await page.getByRole('article').last().locator('[data-output-index="0"]').click()
  await dialog.getByText('The viewer could not be loaded.').waitFor()
  await page.unrouteAll()
  const verbs = page.waitForResponse(/\/verbs-/)
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await dialog.locator('.lightbox-body').waitFor()
  expect(await dialog.locator('.lightbox-body').evaluate(body => getComputedStyle(body).display)).toBe('flex')
  await verbs
  await dialog.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Vary' }).waitFor()
  await page.context().close()
})

test('a style sheet that could not be loaded keeps nothing away that does not need it', async () => {
  const { page } = await seeded.open()
  await page.route(/\/lightbox-[^/]*\.css$/, route => route.abort())
  await page.reload()
  await page.locator('link[data-failed]').waitFor({ state: 'attached' })
  await page.evaluate(() => {
    location.hash = '#search?q=zebra'
  })
  await page.getByText('No generation matches').waitFor()
  await page.context().close()
})

function isPost(path: string) {
  return (request: { method(): string; url(): string }) => request.method() === 'POST' && request.url().endsWith(path)
}

function findRow(page: Page, prompt: string): Locator {
  return page.getByRole('article').filter({ hasText: prompt })
}

async function submit(page: Page, prompt: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Prompt' })
  await field.fill(prompt)
  await field.press('Enter')
}

async function listPrompts(): Promise<string[]> {
  const page = (await (await seeded.studio.fetch('/api/generations?limit=100')).json()) as GenerationPage
  return page.generations.map(({ prompt }) => prompt)
}
