import type { Page } from 'playwright-core'
import { createTouch } from '../../touch.ts'
import type { View } from '../capture.ts'
import type { Gallery } from '../gallery/gallery.ts'
import { findRow, waitForTile } from '../steps.ts'

/** Lists the views of the sections, the search and the selection. */
export function listLibraryViews(gallery: Gallery): View[] {
  return [
    { name: 'search', hash: '#search?q=lake', show: waitForFound },
    {
      name: 'search-chips',
      hash: '#search?q=lake&kind=image&model=demo&favourite&status=completed',
      show: page => page.getByRole('toolbar', { name: 'Filters' }).waitFor(),
    },
    {
      name: 'search-model',
      hash: '#search?q=lake',
      show: async page => {
        await waitForFound(page)
        await page.getByRole('button', { name: 'Model', exact: true }).click()
      },
    },
    {
      name: 'search-nothing',
      hash: '#search?q=zebra&favourite',
      show: page => page.getByText('No generation matches').waitFor(),
    },
    { name: 'favourites', hash: '#favourites', show: waitForFound },
    { name: 'trash', hash: '#trash', show: waitForFound },
    {
      name: 'trash-question',
      hash: '#trash',
      show: async page => {
        await waitForFound(page)
        await page.getByRole('button', { name: 'Empty trash' }).click()
        await page.getByRole('dialog').waitFor()
      },
    },
    { name: 'selection', show: (page, isPhone) => select(page, gallery, isPhone) },
  ]
}

async function waitForFound(page: Page): Promise<void> {
  await page.getByRole('toolbar', { name: 'Filters' }).waitFor()
  await waitForTile(page)
}

/** Selects four outputs of the two newest generations. */
async function select(page: Page, { get }: Gallery, isPhone: boolean): Promise<void> {
  await waitForTile(page)
  const bar = page.getByRole('toolbar', { name: 'Selection' })
  const tile = (index: number) => findRow(page, get(-1)).locator(`[data-output-index="${index}"]`)
  if (isPhone) {
    const touch = await createTouch(page)
    await touch.press(tile(0), () => bar.waitFor())
  } else {
    await tile(0).focus()
    await page.keyboard.press('x')
    await bar.waitFor()
  }
  await tile(2).click()
  await tile(3).click()
  await bar.getByText('3 selected').waitFor()
}
