import type { Page } from 'playwright-core'
import type { View } from '../capture.ts'
import { findPrompt, waitForTile } from '../steps.ts'

const BUDGET = 'The budget of this month is reached. It renews on the 1st.'

/** The states in which something is missing. */
export const PROBLEM_VIEWS: readonly View[] = [
  {
    name: 'offline',
    // The browser's tools take a page offline, and not the worker that it shares with others.
    serve: page => page.addInitScript(() => Reflect.deleteProperty(window, 'SharedWorker')),
    show: async page => {
      await waitForTile(page)
      await page.context().setOffline(true)
      await page.getByText('Offline. What you send').waitFor()
      await send(page, 'for when there is a network again')
    },
  },
  {
    name: 'part-away',
    serve: page => page.route('**/api/parts', route => route.fulfill({ json: { ingest: 'ok', processor: 'away' } })),
    show: async page => {
      await waitForTile(page)
      await page.getByRole('banner').getByRole('status').locator('span').waitFor()
    },
  },
  {
    name: 'budget-reached',
    serve: page =>
      page.route('**/api/generate', route =>
        route.fulfill({
          status: 402,
          contentType: 'application/problem+json',
          body: JSON.stringify({ status: 402, code: 'budget_reached', detail: BUDGET }),
        }),
      ),
    show: async page => {
      await waitForTile(page)
      await send(page, 'one more than the budget allows')
      await page.getByText(BUDGET).first().waitFor()
    },
  },
]

async function send(page: Page, prompt: string): Promise<void> {
  await findPrompt(page).fill(prompt)
  await findPrompt(page).press('Enter')
  await page.getByRole('article').filter({ hasText: prompt }).waitFor()
}
