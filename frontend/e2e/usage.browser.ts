import { expect, test } from 'bun:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { openDatabase } from '../../infra/src/database/connection.ts'
import { LOCAL_OWNER } from '../../infra/src/http/identity.ts'
import { createLog } from '../../infra/src/log.ts'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { openPage, startBrowser } from './browser.ts'

const SIZES = [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const
const NARROWEST = { width: 320, height: 640 }
const DAY_MS = 86_400_000

test('shows what a month cost: its total, days, models and connections, and gives it as CSV', async () => {
  await using studio = await startTestStudio({ BUDGET_USD: '60' })
  const [month, before] = [monthOf(0), monthOf(-1)]
  await insertCalls(studio.databaseUrl, [
    call(`${month}-01`, 'demo', { connection: 'demo', reported_micros: 20_000_000 }),
    call(`${month}-01`, 'openai/gpt-image-2', { reported_micros: 7_410_000, outcome: 'failed', outputs: 0 }),
    call(`${month}-01`, 'openai/gpt-image-2', { reported_micros: 9_000_000, outputs: 2 }),
    call(`${month}-01`, 'openai/gpt-image-2', { estimated_micros: 1_000_000, outcome: 'unknown', outputs: 0 }),
    call(`${month}-01`, 'attic/sd', { connection: 'attic' }),
    call(`${before}-15`, 'openai/gpt-image-2', { reported_micros: 40_000 }),
  ])
  await using browser = await startBrowser()
  const { page, pageErrors } = await openPage(browser, studio.url, { reducedMotion: 'reduce' })
  await page.getByRole('link', { name: 'Usage' }).click()
  await page.getByText('$37.41', { exact: true }).waitFor()
  expect(await page.getByRole('heading', { name: 'Usage' }).evaluate(node => node === document.activeElement)).toBe(
    true,
  )
  await page.getByText('Budget $60 a month').waitFor()
  expect(await readTable(page, 'By model')).toEqual([
    ['Demo (no AI model)', '1', '2.0 s', '$20.00'],
    ['openai/gpt-image-2', '2', '2.0 s', '$17.41'],
    ['attic/sd', '1', '2.0 s', 'unknown'],
  ])
  expect(await readTable(page, 'By connection')).toEqual([
    ['Demo', '1', '0', '$20.00'],
    ['openai', '3', '1', '$17.41'],
    ['attic', '1', '0', 'unknown'],
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
}, 120_000)

/** Moves through the days by the keyboard, which is one tab stop. */
async function expectKeyboard(page: Page, month: string): Promise<void> {
  const plot = page.getByRole('slider', { name: 'Cost by day' })
  await page.getByRole('button', { name: 'CSV' }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Home')
  const first = await plot.getAttribute('aria-valuetext')
  expect(first).toEndWith('$37.41, 4 images, $7.41 of it for calls that failed, one call without a price')
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
async function expectAccessible(page: Page): Promise<void> {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    await expectToFit(page, width)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page }).include('.page-overlay').analyze()
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
  const sql = openDatabase({ url, name: 'test', connections: 1, log: createLog({ service: 'test', level: 'silent' }) })
  await sql`insert into call_costs ${sql(rows)}`
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

function formatShort(month: string): string {
  return new Date(Date.parse(`${month}-01`) + DAY_MS).toLocaleDateString('en', { month: 'short', timeZone: 'UTC' })
}
