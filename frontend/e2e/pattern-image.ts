import type { Locator, Page } from 'playwright-core'

/** Creates a PNG in which each pixel differs from its neighbours, so that any scaling or shift is seen. */
export async function createPatternPng(page: Page, size: { width: number; height: number }): Promise<Buffer> {
  const base64 = await page.evaluate(async ({ width, height }) => {
    const canvas = new OffscreenCanvas(width, height)
    const context = canvas.getContext('2d')
    const pixels = new ImageData(width, height)
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        pixels.data.set([(x * 7 + y * 13) % 256, (x * 3 + y * 5) % 256, ((x + y) % 2) * 255, 255], (y * width + x) * 4)
      }
    }
    context?.putImageData(pixels, 0, 0)
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    return btoa(text)
  }, size)
  return Buffer.from(base64, 'base64')
}

/** The part of the screen that is compared, in CSS pixels: nothing lies over the image there. */
const CLIP = { x: 200, y: 150, width: 240, height: 160 }

/**
 * Counts the device pixels in which the screen differs from the pattern at 1:1.
 *
 * @param image the pattern's element, at 1:1
 */
export async function countWrongPixels(page: Page, image: Locator, deviceScaleFactor: number): Promise<number> {
  const box = await image.boundingBox()
  if (!box) throw new Error('the image is not visible')
  const screenshot = await page.screenshot({ clip: CLIP, scale: 'device' })
  const from = {
    x: Math.round((CLIP.x - box.x) * deviceScaleFactor),
    y: Math.round((CLIP.y - box.y) * deviceScaleFactor),
  }
  return await page.evaluate(comparePixels, { png: screenshot.toString('base64'), from })
}

/** Counts the pixels in which a whole image differs from the pattern. @param png in base64 */
export async function countWrongPixelsOfPng(page: Page, png: string): Promise<number> {
  return await page.evaluate(comparePixels, { png, from: { x: 0, y: 0 } })
}

async function comparePixels({ png, from }: { png: string; from: { x: number; y: number } }): Promise<number> {
  const bytes = Uint8Array.from(atob(png), character => character.charCodeAt(0))
  const bitmap = await createImageBitmap(new Blob([bytes]))
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
  context?.drawImage(bitmap, 0, 0)
  const { data } = context?.getImageData(0, 0, bitmap.width, bitmap.height) ?? new ImageData(1, 1)
  let wrong = 0
  for (let at = 0; at < data.length / 4; at += 1) {
    const [x, y] = [from.x + (at % bitmap.width), from.y + Math.floor(at / bitmap.width)]
    const expected = [(x * 7 + y * 13) % 256, (x * 3 + y * 5) % 256, ((x + y) % 2) * 255]
    if (expected.some((value, channel) => Math.abs(value - (data[at * 4 + channel] ?? 0)) > 2)) wrong += 1
  }
  return wrong
}
