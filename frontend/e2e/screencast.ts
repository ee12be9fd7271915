import type { Page } from 'playwright-core'
import { captureFeed, waitForFrames } from './page-probes.ts'

/** A recording of the frames that the browser has drawn, as small images. */
export interface Screencast {
  /** Ends the recording. @returns for each frame the share of the feed that is covered by images, from 0 to 1 */
  stop(): Promise<number[]>
}

const FRAME_SIZE = { maxWidth: 240, maxHeight: 150 }

/** Records the frames that the browser draws, independently of the page's scripts. */
export async function recordScreencast(page: Page): Promise<Screencast> {
  const cdp = await page.context().newCDPSession(page)
  const frames: string[] = []
  cdp.on('Page.screencastFrame', ({ data, sessionId }) => {
    frames.push(data)
    cdp.send('Page.screencastFrameAck', { sessionId }).catch(() => {})
  })
  await cdp.send('Page.startScreencast', { format: 'png', everyNthFrame: 1, ...FRAME_SIZE })
  return {
    stop: async () => {
      await cdp.send('Page.stopScreencast')
      return await measureCoverage(page, frames)
    },
  }
}

/** Captures the feed once two captures are equal: a busy browser draws some of it late. */
export async function captureWhenStill(page: Page): Promise<Buffer> {
  let last = await captureFeed(page)
  for (let turn = 0; turn < 20; turn += 1) {
    await waitForFrames(page, 5)
    const next = await captureFeed(page)
    if ((await countDifferences(page, last, next)) === 0) return next
    last = next
  }
  throw new Error('the page still changes after 20 captures')
}

/**
 * Counts the colour components of two images that differ by more than redrawing the same content makes them differ: the edge of a
 * rounded ring by up to 39 of 255, in some fifty components. A feed that has moved by one pixel differs in tens of thousands.
 */
export async function countDifferences(page: Page, one: Buffer, other: Buffer): Promise<number> {
  return await evaluateInNewPage(page, compareInPage, [one.toString('base64'), other.toString('base64')])
}

async function measureCoverage(page: Page, frames: string[]): Promise<number[]> {
  return await evaluateInNewPage(page, measureCoverageInPage, frames)
}

async function evaluateInNewPage<T>(page: Page, work: (pngs: string[]) => Promise<T>, pngs: string[]): Promise<T> {
  const other = await page.context().newPage()
  const result = await other.evaluate(work, pngs)
  await other.close()
  return result
}

async function compareInPage(pngs: string[]): Promise<number> {
  const colours = async (png: string) => {
    const bytes = Uint8Array.from(atob(png), character => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes]))
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    context?.drawImage(bitmap, 0, 0)
    return context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? new Uint8ClampedArray()
  }
  const [a = new Uint8ClampedArray(), b = new Uint8ClampedArray()] = await Promise.all(pngs.map(colours))
  let differing = Math.abs(a.length - b.length)
  for (let at = 0; at < a.length; at += 1) if (Math.abs((a[at] ?? 0) - (b[at] ?? 0)) > 48) differing += 1
  return differing
}

/**
 * Measures the share of coloured pixels in the part of each frame that images cover, from 10 % to 55 % of the width and from
 * 8 % to 73 % of the height. Background and text are grey.
 */
async function measureCoverageInPage(pngs: string[]): Promise<number[]> {
  const cover = async (png: string) => {
    const bytes = Uint8Array.from(atob(png), character => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes]))
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    context?.drawImage(bitmap, 0, 0)
    const part = [0.1 * bitmap.width, 0.08 * bitmap.height, 0.45 * bitmap.width, 0.65 * bitmap.height].map(Math.round)
    const [x = 0, y = 0, width = 1, height = 1] = part
    const data = context?.getImageData(x, y, width, height).data ?? new Uint8ClampedArray()
    let coloured = 0
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3)
      if (Math.max(red, green, blue) - Math.min(red, green, blue) > 24) coloured += 1
    }
    return coloured / (data.length / 4)
  }
  return await Promise.all(pngs.map(cover))
}
