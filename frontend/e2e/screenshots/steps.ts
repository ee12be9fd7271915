import type { Generation } from '@darkroom/contracts/generation'
import type { Locator, Page } from 'playwright-core'

export function findRow(page: Page, { id }: Generation): Locator {
  return page.locator(`article[data-generation-id="${id}"]`)
}

/** Waits until the newest row in the document shows an image. */
export async function waitForTile(page: Page): Promise<void> {
  await page.locator('article [data-output-index] img').last().waitFor()
}

/** Opens an output in the lightbox, and waits for its original. */
export async function openLightbox(page: Page, generation: Generation, index = 0): Promise<Locator> {
  await findRow(page, generation).locator(`[data-output-index="${index}"]`).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  return dialog
}

export function findPrompt(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Prompt', exact: true })
}
