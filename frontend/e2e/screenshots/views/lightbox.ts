import type { Locator, Page } from 'playwright-core'
import type { View } from '../capture.ts'
import type { Gallery } from '../gallery/gallery.ts'
import { openLightbox } from '../steps.ts'

/** Lists the views of the lightbox, over the alpine lake and its child. */
export function listLightboxViews({ get }: Gallery): View[] {
  const lake = -3
  const over = (name: string, act: (page: Page, dialog: Locator, isPhone: boolean) => Promise<unknown>): View => ({
    ...{ name, hash: `#g=${get(lake).id}` },
    show: async (page, isPhone) => await act(page, await openLightbox(page, get(lake)), isPhone),
  })
  return [
    over('lightbox', async () => {}),
    over('lightbox-details', openDetails),
    over('lightbox-menu', async (_page, dialog) => {
      await dialog.getByRole('button', { name: 'More' }).click()
      await dialog.getByRole('menu').waitFor()
    }),
    { ...over('lightbox-white', async () => {}), storage: { 'darkroom.ground': 'white' } },
    { ...over('lightbox-grey', openDetails), storage: { 'darkroom.ground': 'grey' } },
    over('lightbox-zoom', async page => await page.keyboard.press('1')),
    over('compare', async (page, dialog) => await compare(page, dialog)),
    {
      ...over('compare-side-by-side', async (page, dialog) => {
        await compare(page, dialog)
        await dialog.getByRole('button', { name: 'Side by side' }).click()
      }),
      sizes: ['desktop', 'tablet'],
    },
    {
      name: 'lightbox-lineage',
      hash: `#g=${get(-2).id}`,
      show: async page => await openDetails(page, await openLightbox(page, get(-2))),
    },
  ]
}

async function openDetails(_page: Page, dialog: Locator): Promise<void> {
  await dialog.getByRole('button', { name: 'Details', exact: true }).click()
  await dialog.getByText('Time taken').waitFor()
}

async function compare(page: Page, dialog: Locator): Promise<void> {
  await page.keyboard.press('c')
  await dialog.locator('.compare').waitFor()
  await dialog.locator('.compare .surface img[data-state="loaded"]').nth(1).waitFor()
}
