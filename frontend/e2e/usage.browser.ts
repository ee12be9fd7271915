import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { type Database, openDatabase } from '../../infra/src/database/connection.ts'
import { LOCAL_OWNER } from '../../infra/src/http/identity.ts'
import { createLog } from '../../infra/src/log.ts'
import { startTestStudio, type TestStudio } from '../../infra/testing/studio/test-studio.ts'
import { createAxe } from './axe.ts'
import { openPage, startBrowser } from './browser.ts'
import { COLOUR_RULES } from './page-probes.ts'
import { serveUsage } from './screenshots/views/usage.ts'

const SIZES = [
  [1440, 900],
  [820, 1180],
  [390, 844],
] as const
const THEMES = ['light', 'dark'] as const
const NARROWEST = { width: 320, height: 640 }
const DAY_MS = 86_400_000
const disposables = new AsyncDisposableStack()
let studio: TestStudio
let browser: Browser

beforeAll(async () => {
  studio = disposables.use(await startTestStudio({ BUDGET_USD: '60' }))
  browser = disposables.use(await startBrowser())
})
afterAll(() => disposables.disposeAsync())

test('shows what a month cost: its total, days, models and connections, and gives it as CSV', async () => {
  const [month, before] = [monthOf(0), monthOf(-1)]
  await insertCalls(studio.databaseUrl, [
    call(`${month}-01`, 'demo', { connection: 'demo', reported_micros: 20_000_000 }),
    call(`${month}-01`, 'openai/gpt-image-2', { reported_micros: 7_410_000, outcome: 'failed', outputs: 0 }),
    call(`${month}-01`, 'openai/gpt-image-2', { reported_micros: 9_000_000, outputs: 2 }),
    call(`${month}-01`, 'openai/gpt-image-2', { estimated_micros: 1_000_000, outcome: 'unknown', outputs: 0 }),
    call(`${month}-01`, 'attic/sd', { connection: 'attic' }),
    call(`${before}-15`, 'openai/gpt-image-2', { reported_micros: 40_000 }),
  ])
  await setBudget(studio.databaseUrl, 'demo', 25_000_000)
  const { page, pageErrors } = await openPage(browser, studio.url, { reducedMotion: 'reduce' })
  await page.getByRole('link', { name: 'Usage' }).click()
  await page.getByText('$37.41', { exact: true }).waitFor()
  expect(await page.getByRole('heading', { name: 'Usage' }).evaluate(node => node === document.activeElement)).toBe(
    true,
  )
  await page.getByText('Budget $60 a month').waitFor()
  expect(await readTable(page, 'By model')).toEqual([
    ['Demo (no AI model)', '1', '2.0 s', '$20.00'],
    ['openai/gpt-image-2', '2', '2.0 s', 'about $17.41\n$1.00 of it estimated'],
    ['attic/sd', '1', '2.0 s', 'unknown'],
  ])
  expect(await readTable(page, 'By connection')).toEqual([
    ['Demo', '1', '0', '$20.00'],
    ['openai', '3', '1', 'about $17.41\n$1.00 of it estimated'],
    ['attic', '1', '0', 'unknown'],
  ])
  expect(await readTable(page, 'Connection budgets')).toEqual([['Demo\n$25 a month', '$20.00', '–', '$5.00']])
  await page.getByText('Budgets begin anew on 1 ').waitFor()
  await page.getByText(/^Spent in \w+, \$1\.00 of it estimated$/).waitFor()
  await page.getByText('Days as a table').click()
  await page.getByRole('table').filter({ hasText: 'By day' }).waitFor()
  expect(await readTable(page, 'By day')).toEqual([
    [formatFirst(month), '4', '1', 'about $37.41\n$1.00 of it estimated'],
  ])
  await page.getByText('$1.00 of it is an estimate: one call has no answer yet.').waitFor()
  await page.getByText('One call of attic/sd has no known price and is not in the sum.').waitFor()
  await expectKeyboard(page, month)
  await expectAccessible(page)

  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).click()
  const file = await download
  expect(file.suggestedFilename()).toBe(`usage-${month}.csv`)
  const lines = (await Bun.file(await file.path()).text()).trim().split('\r\n')
  expect([lines.length, lines[0]?.slice(0, 20)]).toEqual([4, 'day,model,connection'])

  await insertCalls(studio.databaseUrl, [call(`${month}-01`, 'openai/gpt-image-2', { reported_micros: 50_000 })])
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await page.getByText('$37.46', { exact: true }).first().waitFor()

  await page.getByRole('button', { name: 'Month before' }).press('Enter')
  await page.getByText('$0.04', { exact: true }).first().waitFor()
  expect(new URL(page.url()).hash).toBe(`#usage/${before}`)
  expect(await page.getByText('Budget').count()).toBe(0)
  await page.getByLabel('Month', { exact: true }).selectOption(monthOf(-2))
  await page.getByText('No model was called in').waitFor()
  await page.reload()
  await page.getByText('No model was called in').waitFor()
  expect(pageErrors).toEqual([])
})

test('an empty month, and large and tiny sums in several currencies, fit and are accessible in both themes', async () => {
  for (const [state, sizes] of [
    ['empty', SIZES.slice(-1)],
    ['extremes', SIZES],
  ] as const) {
    const { page, pageErrors } = await openPage(browser, studio.url, { reducedMotion: 'reduce' })
    await serveUsage(page, state)
    await page.getByRole('link', { name: 'Usage' }).click()
    await page.getByText('Days are UTC').waitFor()
    await expectAccessible(page, sizes)
    expect(pageErrors).toEqual([])
    await page.context().close()
  }
})

/** Moves through the days by the keyboard, which is one tab stop. */
async function expectKeyboard(page: Page, month: string): Promise<void> {
  const plot = page.getByRole('slider', { name: 'Cost by day' })
  await page.getByRole('button', { name: 'CSV' }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Home')
  const first = await plot.getAttribute('aria-valuetext')
  expect(first).toEndWith(
    'about $37.41, 4 images, $1.00 of it estimated, $7.41 of it for calls that failed, one call without a price',
  )
  await page.locator('.day-facts').getByText('$37.41').waitFor()
  expect(await page.locator(`[data-day="${month}-01"]`).getAttribute('data-shown')).toBe('true')
  await page.keyboard.press('ArrowRight')
  expect(await plot.getAttribute('aria-valuetext')).toEndWith('2 '.concat(formatShort(month), ': nothing'))
  await page.keyboard.press('Tab')
  expect(await plot.evaluate(node => node === document.activeElement || node.contains(document.activeElement))).toBe(
    false,
  )
}

/** Asserts that the page has no violation in both themes at every size, and never a horizontal scroll bar. */
async function expectAccessible(page: Page, sizes: readonly (typeof SIZES)[number][] = SIZES): Promise<void> {
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height })
    await expectToFit(page, width)
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme })
      const axe = createAxe(page).include('.page-overlay')
      const { violations } = await (colorScheme === THEMES[0] ? axe : axe.withRules(COLOUR_RULES)).analyze()
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
    }
  }
  await page.setViewportSize(NARROWEST)
  await expectToFit(page, NARROWEST.width)
  await page.setViewportSize({ width: SIZES[0][0], height: SIZES[0][1] })
}

async function expectToFit(page: Page, width: number): Promise<void> {
  const widths = await page.evaluate(() => {
    const overlay = document.querySelector('.page-overlay')
    const cells = [...document.querySelectorAll('.usage-page :is(td, th, p, select, button)')]
    return [overlay?.scrollWidth ?? Infinity, ...cells.map(cell => cell.getBoundingClientRect().right)]
  })
  expect(Math.max(...widths)).toBeLessThanOrEqual(width)
}

async function readTable(page: Page, name: string): Promise<string[][]> {
  const rows = await page.getByRole('table').filter({ hasText: name }).getByRole('row').all()
  const read = rows.slice(1).map(row => row.locator('th, td').allInnerTexts())
  return (await Promise.all(read)).map(cells => cells.map(cell => cell.trim()))
}

async function insertCalls(url: string, rows: ReturnType<typeof call>[]): Promise<void> {
  await withDatabase(url, sql => sql`insert into call_costs ${sql(rows)}`)
}

async function setBudget(url: string, connection: string, micros: number): Promise<void> {
  await withDatabase(url, sql => sql`update connections set budget_micros = ${micros} where id = ${connection}`)
}

async function withDatabase(url: string, run: (sql: Database) => Promise<unknown>): Promise<void> {
  const sql = openDatabase({ url, name: 'test', connections: 1, log: createLog({ service: 'test', level: 'silent' }) })
  await run(sql)
  await sql.end({ timeout: 1 })
}

function call(day: string, model: string, facts: Record<string, string | number>) {
  return {
    ...{ generation_id: crypto.randomUUID(), call: 0, attempt: 1, workspace_id: LOCAL_OWNER.workspaceId, model },
    ...{ connection: 'openai', kind: 'image', count: 1, estimated_micros: null, reported_micros: null },
    ...{ made_at: `${day}T00:00:00Z`, ended_at: `${day}T00:00:02Z`, outcome: 'finished', outputs: 1 },
    ...facts,
  }
}

/** Returns a month (UTC) by its distance from the present one, as `2026-11`. */
function monthOf(distance: number): string {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + distance)).toISOString().slice(0, 7)
}

function formatFirst(month: string): string {
  const day = new Date(`${month}-01`)
  const weekday = day.toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' })
  return `${weekday} 1 ${day.toLocaleDateString('en', { month: 'short', timeZone: 'UTC' })}`
}

function formatShort(month: string): string {
  return new Date(Date.parse(`${month}-01`) + DAY_MS).toLocaleDateString('en', { month: 'short', timeZone: 'UTC' })
}
