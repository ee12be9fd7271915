import type { View } from '../capture.ts'
import { waitForTile } from '../steps.ts'

/** The dialogs and menus of the page. */
export const DIALOG_VIEWS: readonly View[] = [
  ...[
    ['keys', '?'],
    ['date', 'g'],
  ].map(
    ([name = '', key = '']): View => ({
      name,
      show: async page => {
        await waitForTile(page)
        await page.locator('[data-output-index]').last().focus()
        await page.keyboard.press(key)
        await page.getByRole('dialog').waitFor()
      },
    }),
  ),
  {
    name: 'view-menu',
    show: async page => {
      await waitForTile(page)
      await page.getByRole('button', { name: 'View', exact: true }).click()
    },
  },
]
