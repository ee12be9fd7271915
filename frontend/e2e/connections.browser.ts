import { expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { findFreePort } from '../../infra/local/process/free-ports.ts'
import { type FakeOpenAi, startFakeOpenAi } from '../../infra/testing/fake-openai/fake-server.ts'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { createAxe } from './axe.ts'
import { openPage, startBrowser } from './browser.ts'
import { COLOUR_RULES } from './page-probes.ts'
import { startSeededStudio } from './seeded-studio.ts'

const SECRET = 'the-secret-of-this-studio-0123456789abcdef'
const WRONG_KEY = 'sk-canary-of-a-wrong-key'
const WIDE = [1440, 900] as const
const SIZES = [WIDE, [1024, 768], [390, 844]] as const
const NARROWEST = [320, 640] as const

test('adds a connection, changes it and removes it, and its models come to the picker and go', async () => {
  await using fake = await startFakeOpenAi()
  const env = { OPENAI_API_KEY: fake.key, OPENAI_BASE_URL: fake.url, SAFE_GET_ALLOW: new URL(fake.url).origin }
  await using seeded = await startSeededStudio(40, { env })
  const { page, pageErrors } = await seeded.open()
  await expectFeedToStay(page)

  await page.getByRole('link', { name: 'Settings' }).click()
  await expectLocked(page)
  await addConnection(page, fake)
  await expectInPicker(page, 'Client work', true)
  await changeLimits(page)
  await expectAccessibleAt(page, [[390, 844]])
  await removeConnection(page)
  await expectInPicker(page, 'Client work', false)

  expect(fake.posts()).toBe(0)
  expect(await readEverything(page)).not.toContain(fake.key)
  expect(pageErrors).toEqual([])
})

test('asks for the secret of a studio that has a public address, once', async () => {
  const port = String(await findFreePort())
  const url = `http://studio.test:${port}/`
  await using _studio = await startTestStudio({ PORT: port, PUBLIC_URL: url, INTERNAL_API_SECRET: SECRET })
  await using browser = await startBrowser(['--host-resolver-rules=MAP studio.test 127.0.0.1'])
  const { page } = await openPage(browser, `${url}#settings/connections/add`)
  const secret = page.getByLabel('The studio’s secret')
  await secret.waitFor()
  expect(await secret.evaluate(field => field === document.activeElement)).toBe(true)
  await expectAccessible(page)
  await secret.fill('not the secret')
  await secret.press('Enter')
  await page.getByText('That is not the secret of this studio.').waitFor()
  await secret.fill(SECRET)
  await secret.press('Enter')
  await page.getByRole('heading', { name: 'Add a connection' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Demo' }).waitFor()
  expect(await readEverything(page)).not.toContain(SECRET)
})

/** Opens a page over the feed and leaves it, by Back and by the name of the studio: the feed is where it was. */
async function expectFeedToStay(page: Page): Promise<void> {
  await page.mouse.move(600, 400)
  await page.mouse.wheel(0, -1_500)
  const row = page.getByRole('article').nth(3)
  const before = await settle(row)
  await row.evaluate(node => node.setAttribute('data-test-mark', 'same'))
  const marked = page.locator('[data-test-mark=same]')
  for (const leave of [() => page.goBack(), () => page.getByRole('button', { name: 'Darkroom: back' }).click()]) {
    await page.getByRole('link', { name: 'Settings' }).click()
    const heading = page.getByRole('heading', { name: 'Connections' })
    await heading.waitFor()
    expect(await heading.evaluate(node => node === document.activeElement)).toBe(true)
    await page.mouse.wheel(0, 600)
    await leave()
    await heading.waitFor({ state: 'detached' })
    expect(await marked.boundingBox()).toEqual(before)
  }
}

/** Waits until a row is where it was a frame before. */
async function settle(row: Locator): Promise<Awaited<ReturnType<Locator['boundingBox']>>> {
  await row.evaluate(async node => {
    const top = () => node.getBoundingClientRect().top
    for (let last = Number.NaN; last !== top(); ) {
      last = top()
      await new Promise(resolve => setTimeout(resolve, 150))
    }
  })
  return await row.boundingBox()
}

async function expectLocked(page: Page): Promise<void> {
  const row = findConnection(page, 'OpenAI')
  await row.getByText('OPENAI_API_KEY, from the environment').waitFor()
  await row.getByText('Works').waitFor()
  await row.getByRole('button', { name: 'Actions for OpenAI' }).press('Enter')
  expect(await page.getByRole('menuitem').allTextContents()).toEqual(['Change limits', 'Check now'])
  await page.keyboard.press('Escape')
  await page.getByRole('menu').waitFor({ state: 'detached' })
}

async function addConnection(page: Page, fake: FakeOpenAi): Promise<void> {
  await page.getByRole('region', { name: 'Connections' }).getByRole('link', { name: 'Add a connection' }).press('Enter')
  await page.getByText('Use another address').click()
  await page.getByLabel('Address').fill(fake.url)
  const key = page.getByLabel('OpenAI API key')
  await key.fill(WRONG_KEY)
  const add = page.getByRole('button', { name: 'Add OpenAI' })
  await page.getByText('Wrong key.').waitFor()
  expect(await add.isDisabled()).toBe(true)
  await expectAccessible(page)
  await key.fill(fake.key)
  await page.getByText('It works.').waitFor()
  await page.getByLabel('Name, if you like').fill('Client work')
  // The list is beside the panel, but for the phone.
  await expectAccessibleAt(page, SIZES)
  await page.getByRole('button', { name: 'Add Client work' }).click()
  await findConnection(page, 'Client work').getByText('Works').waitFor()
  expect(await page.getByRole('heading', { name: 'Add a connection' }).count()).toBe(0)
  const { connections } = await page.evaluate(async () => (await fetch('/api/connections')).json())
  expect(connections.filter(({ draft }: { draft: boolean }) => draft)).toEqual([])
}

/** Goes to the feed and back, and looks into the picker on the way. The page is not loaded again. */
async function expectInPicker(page: Page, connection: string, isThere: boolean): Promise<void> {
  await page.getByRole('button', { name: 'Darkroom: back' }).click()
  await page.getByRole('button', { name: /^Model: / }).click()
  const found = page.getByRole('dialog', { name: 'Models' }).getByRole('row').filter({ hasText: connection }).first()
  await found.waitFor({ state: isThere ? 'visible' : 'detached' })
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Settings' }).click()
}

async function changeLimits(page: Page): Promise<void> {
  const row = findConnection(page, 'Client work')
  await row.getByRole('button', { name: 'Actions for Client work' }).click()
  await page.getByRole('menuitem', { name: 'Change' }).click()
  await page.getByLabel('Works on at once').fill('none')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('A whole number from 1 to 64.').waitFor()
  await page.getByLabel('Works on at once').fill('3')
  await page.getByLabel('Open at the provider').fill('12')
  await page.getByLabel('Budget a month').fill('20')
  await page.getByRole('button', { name: 'Save' }).click()
  await row.getByText('3 at once, 12 open at most').waitFor()
  await row.getByText('$20.00 of $20.00 left this month').waitFor()
  const menu = row.getByRole('button', { name: 'Actions for Client work' })
  await page.waitForFunction(button => button === document.activeElement, await menu.elementHandle())
}

async function removeConnection(page: Page): Promise<void> {
  const row = findConnection(page, 'Client work')
  await row.getByRole('button', { name: 'Actions for Client work' }).click()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Remove Client work?' })
  await dialog.getByText('what is queued waits').waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await row.waitFor({ state: 'detached' })
}

function findConnection(page: Page, name: string): Locator {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) })
}

/** Asserts that a view has no violation in both themes, and no horizontal scroll bar at these sizes and the narrowest. */
async function expectAccessibleAt(page: Page, sizes: readonly (readonly [number, number])[]): Promise<void> {
  for (const [width, height] of [...sizes, NARROWEST]) {
    await page.setViewportSize({ width, height })
    const widest = await page.evaluate(() => document.querySelector('.page-overlay')?.scrollWidth ?? Infinity)
    expect(widest).toBeLessThanOrEqual(width)
    if (width === NARROWEST[0]) continue
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await expectAccessible(page, colorScheme === 'light' ? [] : COLOUR_RULES)
    }
  }
  await page.setViewportSize({ width: WIDE[0], height: WIDE[1] })
}

/** @param rules all of them unless given */
async function expectAccessible(page: Page, rules: readonly string[] = []): Promise<void> {
  const axe = createAxe(page)
  const { violations } = await (rules.length === 0 ? axe : axe.withRules([...rules])).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}

/** Returns what the page has in its document, its fields and its storage. */
async function readEverything(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const values = [...document.querySelectorAll('input')].map(({ value }) => value)
    return [document.documentElement.outerHTML, location.href, JSON.stringify(localStorage), ...values].join('\n')
  })
}
