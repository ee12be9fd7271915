import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import type { Locator, Page } from 'playwright-core'
import { type FakeProvider, startFakeProvider } from '../../infra/testing/studio/fake-provider.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { waitFor } from '../../infra/testing/wait-for.ts'
import { createAxe } from './axe.ts'
import { openPage } from './browser.ts'
import { COLOUR_RULES, waitForFrames } from './page-probes.ts'
import { ROW_STATES, serveRowStates } from './row-states.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

/** Generations of the studio beside the one that is edited. */
const COUNT = 12
const LIST = /\/api\/generations(\?|$)/

let disposables: AsyncDisposableStack
let seeded: SeededStudio
let fake: FakeProvider
let parent: Generation

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  fake = disposables.use(await startFakeProvider())
  seeded = disposables.use(await startSeededStudio(COUNT, { env: fake.env }))
  const parameters = { numOutputs: 2, resolution: 512 }
  const { id } = await seeded.studio.submit({ prompt: 'a lighthouse on a cliff', model: 'fake-studio', parameters })
  parent = await seeded.studio.waitForGeneration(id, isFinished)
  await seeded.history.moveToTrash(await seeded.history.findId(2))
})
afterAll(() => disposables.disposeAsync())

test('the page of the API loads nothing from elsewhere, sends a request, and fits a phone in the dark', async () => {
  const { page, pageErrors } = await openPage(seeded.browser, `${seeded.studio.url}/openapi`, {
    ...{ viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  })
  const models = page.locator('#operations-Models-getApiModels')
  await models.getByRole('button').first().click()
  await page.getByRole('button', { name: 'Try it out' }).click()
  await page.getByRole('button', { name: 'Execute' }).click()
  await models.locator('.live-responses-table td.response-col_status', { hasText: '200' }).waitFor()
  const [isDark, width] = await page.evaluate(() => [
    document.documentElement.classList.contains('dark-mode'),
    document.documentElement.scrollWidth,
  ])
  expect([isDark, width, pageErrors]).toEqual([true, 390, []])
  await page.context().close()
})

test('a screen reader finds a feed of articles, and names that say which picture of which prompt', async () => {
  const { page, pageErrors } = await seeded.open()
  const row = page.locator(`article[data-generation-id="${parent.id}"]`)
  expect(await page.getByRole('feed').ariaSnapshot()).toContain('article "a lighthouse on a cliff"')
  expect(await row.getAttribute('aria-posinset')).toBe(await row.getAttribute('aria-setsize'))
  await expectTree(row, [
    'button "Open picture 1 of 2: a lighthouse on a cliff"',
    'img "picture 2 of 2: a lighthouse on a cliff"',
    'button "Reuse: a lighthouse on a cliff"',
    'button "More actions: a lighthouse on a cliff"',
  ])
  await expectTree(page.getByRole('form', { name: 'New generation' }), [
    'textbox "Prompt"',
    'button "Attach reference pictures"',
    'button "Model: ',
    'button "Generate" [disabled]',
  ])
  await expectTree(page.getByRole('banner'), [
    'navigation "Sections"',
    'link "Favourites"',
    'searchbox "Search"',
    'status',
  ])
  await select(row)
  await expectTree(page.getByRole('toolbar', { name: 'Selection' }), [
    'strong: 1 selected',
    'button "Download ZIP"',
    'button "Delete"',
    'button "End the selection"',
  ])
  await expectTree(row, ['button "Select picture 1 of 2: a lighthouse on a cliff" [pressed]'])
  await page.keyboard.press('Escape')
  await openLightbox(row)
  await expectTree(page.getByRole('dialog', { name: 'Picture 1 of 2: a lighthouse on a cliff' }), [
    'img "Picture 1 of 2: a lighthouse on a cliff"',
    'button "Favourite"',
    'group "Pictures of this generation"',
    'button "Close"',
  ])
  await openEditor(page)
  await expectTree(page.getByRole('dialog', { name: 'Change a part of picture 1 of' }), [
    'application',
    'textbox',
    'button "Change" [disabled]',
  ])
  await page.keyboard.press('Escape')
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('no designed state has a violation of axe, in both themes', async () => {
  const { page } = await seeded.open({ colorScheme: 'dark' })
  const found: string[] = []
  const check = async (state: string, shown = page) => {
    found.push(...(await findViolations(shown)).map(violation => `${state}: ${violation}`))
    await shown.emulateMedia({ colorScheme: 'light' })
    found.push(...(await findViolations(shown, COLOUR_RULES)).map(violation => `${state}, light: ${violation}`))
    await shown.emulateMedia({ colorScheme: 'dark' })
  }
  await visitSections(page, check)
  await visitDialogs(page, check)
  await visitLightbox(page, check)
  await visitComposer(page, check)
  await visitProblems(page, check)
  await visitFirstStates(check)
  await visitRows(page, check)
  expect(found).toEqual([])
  await page.context().close()
})

type Check = (state: string, shown?: Page) => Promise<void>

/** Returns what violates the rules of axe: all of them unless given. */
async function findViolations(page: Page, rules?: string[]): Promise<string[]> {
  const axe = createAxe(page)
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`))
}

async function visitSections(page: Page, check: Check): Promise<void> {
  await check('feed')
  await goTo(page, '#search?q=lighthouse')
  await page.getByRole('toolbar', { name: 'Filters' }).waitFor()
  await page.getByRole('article').first().waitFor()
  await page.getByRole('button', { name: 'Model', exact: true }).click()
  await check('search with a filter open')
  await page.keyboard.press('Escape')
  await goTo(page, '#search?q=zebra')
  await page.getByText('No generation matches').waitFor()
  await check('nothing found')
  await goTo(page, '#favourites')
  await page.getByText('No favourites yet.').waitFor()
  await check('no favourites')
  await goTo(page, '#trash')
  await page.getByRole('button', { name: 'Restore: ' }).waitFor()
  await check('trash')
  await page.getByRole('button', { name: 'Empty trash' }).click()
  await page.getByRole('dialog').waitFor()
  await check('question before the trash is emptied')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await goTo(page, '#trash?q=zebra')
  await page.getByText('Nothing found in the trash.').waitFor()
  await check('nothing found in the trash')
  await page.getByRole('button', { name: 'Darkroom: back to the pictures' }).click()
  await page.waitForFunction(() => !location.hash.startsWith('#trash'))
}

async function visitDialogs(page: Page, check: Check): Promise<void> {
  for (const [key, state] of [
    ['?', 'keys'],
    ['g', 'date'],
  ] as const) {
    await page.keyboard.press(key)
    await page.getByRole('dialog').waitFor()
    await check(state)
    await page.keyboard.press('Escape')
  }
  await page.getByRole('button', { name: 'View', exact: true }).click()
  await check('view menu')
  await page.keyboard.press('Escape')
  const row = page.locator(`article[data-generation-id="${parent.id}"]`)
  await select(row)
  await check('selection')
  await page.keyboard.press('Escape')
  await row.getByRole('button', { name: 'More actions: ' }).click()
  await check('menu of a row')
  await page.keyboard.press('Escape')
}

async function visitLightbox(page: Page, check: Check): Promise<void> {
  await openLightbox(page.locator(`article[data-generation-id="${parent.id}"]`))
  await page.keyboard.press('i')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Time taken').waitFor()
  for (const backdrop of ['Black', 'Grey', 'White']) {
    await dialog.getByRole('button', { name: `${backdrop} backdrop` }).click()
    await check(`details on ${backdrop}`)
    await page.keyboard.press('c')
    await dialog.locator('.compare').waitFor()
    await check(`compare on ${backdrop}`)
    await page.keyboard.press('c')
    await dialog.locator('.compare').waitFor({ state: 'detached' })
  }
  await openEditor(page)
  await check('mask editor')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
}

async function visitComposer(page: Page, check: Check): Promise<void> {
  await page.getByRole('button', { name: /^Model: / }).click()
  await page.getByRole('dialog', { name: 'Models' }).waitFor()
  await check('model picker')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Size:/ }).click()
  await page.locator('.size-panel').waitFor()
  await check('sizes')
  await page.getByRole('button', { name: /^Size:/ }).click()
}

async function visitProblems(page: Page, check: Check): Promise<void> {
  // The browser's tools take a page offline, and not the worker that it shares with others.
  await page.addInitScript(() => Reflect.deleteProperty(window, 'SharedWorker'))
  await page.reload()
  const detail = 'The budget of this month is reached. It renews on the 1st.'
  const body = JSON.stringify({ status: 402, code: 'budget_reached', detail })
  await page.route('**/api/generate', route =>
    route.fulfill({ status: 402, contentType: 'application/problem+json', body }),
  )
  const prompt = page.getByRole('textbox', { name: 'Prompt', exact: true })
  await prompt.fill('one too many')
  await prompt.press('Enter')
  await page.getByText(detail).first().waitFor()
  await check('budget refused')
  await page.context().setOffline(true)
  await page.getByText('Offline. What you send').waitFor()
  await check('offline')
  await page.context().setOffline(false)
  await page.route('**/api/parts', route => route.fulfill({ json: { ingest: 'ok', processor: 'away' } }))
  await page.reload()
  await page.getByRole('banner').getByRole('status').locator('span').waitFor()
  await check('a part is down')
  await page.unroute('**/api/parts')
}

/** Opens the studio in a profile of its own: while it loads, without anything made yet, and when it cannot be reached. */
async function visitFirstStates(check: Check): Promise<void> {
  const released = Promise.withResolvers<void>()
  const { page } = await openPage(seeded.browser, 'about:blank', { colorScheme: 'dark' })
  await page.route(LIST, async route => {
    await released.promise
    await route.fulfill({ json: { generations: [], nextCursor: null, previousCursor: null } })
  })
  await page.goto(seeded.studio.url)
  await page.getByRole('banner').waitFor()
  await check('loading', page)
  released.resolve()
  await page.locator('.welcome').waitFor()
  await check('empty', page)
  await page.unroute(LIST)
  await page.route(LIST, route => route.fulfill({ status: 500, body: '' }))
  await page.reload()
  await page.getByRole('alert').waitFor()
  await check('feed that could not be loaded', page)
  await page.context().close()
}

/** Shows rows of all states. */
async function visitRows(page: Page, check: Check): Promise<void> {
  await serveRowStates(page)
  await page.reload()
  for (const { id, prompt } of ROW_STATES.toReversed()) {
    await goTo(page, `#g=${id}`)
    const row = page.locator(`article[data-generation-id="${id}"]`)
    await row.waitFor()
    await waitForFrames(page)
    const isChecked = await row.evaluate(element => element.closest('[data-test-mark]') !== null)
    if (isChecked) continue
    await page.locator('article').evaluateAll(all => {
      for (const element of all) element.setAttribute('data-test-mark', '')
    })
    await check(`row: ${prompt.slice(0, 30)}`)
  }
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(address => {
    location.hash = address
  }, hash)
}

async function select(row: Locator): Promise<void> {
  await row.locator('[data-output-index="0"]').focus()
  await row.page().keyboard.press('x')
  await row.page().getByRole('toolbar', { name: 'Selection' }).waitFor()
}

async function openLightbox(row: Locator): Promise<void> {
  await row.locator('[data-output-index="0"]').click()
  await row.page().getByRole('dialog').locator('.surface img[data-state="loaded"]').waitFor()
}

async function openEditor(page: Page): Promise<void> {
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Change part/ })
    .click()
  await page.getByRole('application').waitFor()
}

/** Waits until the accessibility tree of an element has these lines, or lines that begin so. */
async function expectTree(element: Locator, lines: readonly string[]): Promise<void> {
  let tree: string[] = []
  const hasLines = async () => {
    tree = await readTree(element)
    return lines.every(line => tree.some(found => found.startsWith(line)))
  }
  await waitFor(lines.join(', '), 60_000, hasLines).catch(error => {
    throw new Error(`${error.message}\n${tree.join('\n')}`)
  })
}

/** Reads the lines of an element's accessibility tree, without their indentation. */
async function readTree(element: Locator): Promise<string[]> {
  const lines = (await element.ariaSnapshot()).split('\n')
  return lines.map(line =>
    line
      .trim()
      .replace(/^- /, '')
      .replace(/^'(.*)'/, '$1'),
  )
}
