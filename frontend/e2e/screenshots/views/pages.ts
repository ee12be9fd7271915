import type { Page } from 'playwright-core'
import type { View } from '../capture.ts'
import { CONNECTION_VIEWS, serveConnections } from './connections.ts'
import { serveUsage } from './usage.ts'

/** The pages that lie over the feed. */
export const PAGE_VIEWS: readonly View[] = [
  ...Object.entries(CONNECTION_VIEWS).map(
    ([name, show]): View => ({
      name,
      serve: serveConnections,
      show: async page => {
        await openPage(page, 'Settings')
        await page.getByRole('heading', { name: 'attic' }).waitFor()
        await show(page)
      },
    }),
  ),
  ...(['month', 'empty', 'one-day', 'extremes'] as const).map(
    (state): View => ({
      name: state === 'month' ? 'usage' : `usage-${state}`,
      serve: page => serveUsage(page, state),
      show: async page => {
        await openPage(page, 'Usage')
        await page.getByText('Days are UTC').waitFor()
      },
    }),
  ),
]

/** Opens a page by its link, which a narrow window has in its menu. */
async function openPage(page: Page, name: string): Promise<void> {
  const link = page.getByRole('banner').getByRole('link', { name, exact: true })
  if (!(await link.first().isVisible())) await page.getByRole('button', { name: 'View', exact: true }).click()
  await link.filter({ visible: true }).first().click()
}
