import type { Page } from 'playwright-core'

/** Drops an image of each colour on the page as a file manager does. The page draws them itself. */
export async function dropImages(page: Page, colours: string[]): Promise<void> {
  await page.locator('.drop-zone').waitFor({ state: 'attached' })
  await page.evaluate(async fills => {
    const transfer = new DataTransfer()
    for (const [index, fill] of fills.entries()) {
      const canvas = new OffscreenCanvas(480, 320)
      const context = canvas.getContext('2d')
      if (!context) throw new Error('the page has no 2D canvas')
      context.fillStyle = fill
      context.fillRect(0, 0, 480, 320)
      const blob = await canvas.convertToBlob({ type: 'image/png' })
      transfer.items.add(new File([blob], `reference-${index}.png`, { type: 'image/png' }))
    }
    for (const type of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }))
    }
  }, colours)
}
