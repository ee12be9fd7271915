import type { Page } from 'playwright-core'
import { serveModels } from '../../model-catalogue.ts'
import type { View } from '../capture.ts'
import type { Gallery } from '../gallery/gallery.ts'
import { findPrompt, findRow, waitForTile } from '../steps.ts'

const PROMPT = 'the far shore at first light, long exposure, no wind'

/** Lists the views of the composer, with the models of several providers. */
export function listComposerViews(gallery: Gallery): View[] {
  const inComposer = (name: string, act: (page: Page, isPhone: boolean) => Promise<unknown>): View => ({
    name,
    serve: serveModels,
    show: async (page, isPhone) => {
      await waitForTile(page)
      await act(page, isPhone)
    },
  })
  return [
    inComposer('composer', write),
    inComposer('composer-picker', openPicker),
    inComposer('composer-sizes', page => openPanel(page, /^Size:/, '.size-panel')),
    inComposer('composer-sizes-list', async page => {
      await choose(page, 'gpt-image-2')
      await openPanel(page, /^Size:/, '.size-panel')
    }),
    inComposer('composer-settings', async page => {
      await choose(page, 'gpt-image-2')
      await openPanel(page, 'Settings', '#settings-panel')
    }),
    inComposer('composer-references', async page => {
      await choose(page, 'FLUX.2 pro')
      await attach(page, gallery, 4)
      await page.getByText('FLUX.2 pro takes').first().waitFor()
    }),
    inComposer('composer-roles', async page => {
      await choose(page, 'FLUX.2 fill')
      await attach(page, gallery, 2)
      await page.getByRole('combobox', { name: 'Role of reference 2' }).selectOption('style')
    }),
    inComposer('composer-its-settings', async (page, isPhone) => {
      await dropOutput(page, gallery.get(-3).outputs[1]?.url ?? '')
      // Until it has the focus, the composer of a phone is one line.
      if (isPhone) await findPrompt(page).click()
      await page.getByText('This picture was made here.').waitFor()
    }),
  ]
}

async function write(page: Page): Promise<void> {
  await findPrompt(page).click()
  await findPrompt(page).fill(PROMPT)
}

async function openPicker(page: Page): Promise<void> {
  await findPrompt(page).click()
  await page.getByRole('button', { name: /^Model: / }).click()
  await page.getByRole('dialog', { name: 'Models' }).waitFor()
}

async function choose(page: Page, name: string): Promise<void> {
  await openPicker(page)
  const dialog = page.getByRole('dialog', { name: 'Models' })
  await dialog.getByRole('button', { name, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
}

async function openPanel(page: Page, name: string | RegExp, panel: string): Promise<void> {
  await write(page)
  const form = page.getByRole('form', { name: 'New generation' })
  await form.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name }).click()
  await page.locator(panel).waitFor()
}

/** Attaches outputs of the newest generation. */
async function attach(page: Page, { get }: Gallery, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await findRow(page, get(-1)).locator(`[data-output-index="${index}"]`).focus()
    await page.keyboard.press('r')
    await page.locator('.attachment').nth(index).waitFor()
  }
  await write(page)
}

/** Drops the file of an output on the page, as it was downloaded. */
async function dropOutput(page: Page, url: string): Promise<void> {
  await page.locator('.drop-zone').waitFor({ state: 'attached' })
  await page.evaluate(async path => {
    const transfer = new DataTransfer()
    const file = await (await fetch(path)).blob()
    transfer.items.add(new File([file], 'alpine lake.png', { type: file.type }))
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }))
  }, url)
}
