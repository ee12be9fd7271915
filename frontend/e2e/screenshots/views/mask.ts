import type { Locator, Page } from 'playwright-core'
import { openStageProbe } from '../../stage-probe.ts'
import type { View } from '../capture.ts'
import type { Gallery } from '../gallery/gallery.ts'
import { openLightbox } from '../steps.ts'

/** Lists the views of the mask editor: before anything is painted, with a painted part, and the question before it is left. */
export function listMaskViews({ get }: Gallery): View[] {
  const inEditor = (name: string, act: (page: Page) => Promise<unknown>): View => ({
    ...{ name, hash: `#g=${get(-3).id}` },
    show: async page => {
      await openEditor(page, await openLightbox(page, get(-3)))
      await act(page)
    },
  })
  return [
    inEditor('mask-empty', async () => {}),
    inEditor('mask', paint),
    inEditor('mask-question', async page => {
      await paint(page)
      await page.keyboard.press('Escape')
      await page.getByRole('heading', { name: 'Close without changing anything?' }).waitFor()
    }),
  ]
}

async function openEditor(page: Page, dialog: Locator): Promise<void> {
  await dialog.getByRole('button', { name: /^Change part/ }).click()
  await page.getByRole('application').waitFor()
  await page.locator('.mask-image').waitFor()
}

/** Paints a stroke across the sky, and writes what should be there. */
async function paint(page: Page): Promise<void> {
  const stage = await openStageProbe(page)
  await stage.drag([stage.at(0.25, 0.42), stage.at(0.4, 0.38), stage.at(0.55, 0.42), stage.at(0.62, 0.46)])
  await page.getByRole('textbox', { name: 'What should be in the marked part' }).fill('a second sun behind thin cloud')
  await page.mouse.move(stage.at(0.62, 0.46).x, stage.at(0.62, 0.46).y)
}
