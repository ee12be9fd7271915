import type { Page } from 'playwright-core'
import { captureFeed, waitForFrames } from './page-probes.ts'

/** What was really drawn, frame by frame, as small pictures. */
export interface Screencast {
  /** Ends it. @returns for each frame the share of the view's pictures that is not bare ground */
  stop(): Promise<number[]>
}

const FRAME_SIZE = { maxWidth: 240, maxHeight: 150 }

/** Records the frames that the browser draws, whatever the page's own script thinks of them. */
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

/** What is drawn, once it is drawn twice in the same way: a browser that is busy shows some of it late. */
export async function captureWhenStill(page: Page): Promise<Buffer> {
  let last = await captureFeed(page)
  for (let turn = 0; turn < 20; turn += 1) {
    await waitForFrames(page, 5)
    const next = await captureFeed(page)
    if ((await countDifferences(page, last, next)) === 0) return next
    last = next
  }
  throw new Error('the page does not stand still')
}

/** How many numbers of two pictures' colours differ by more than what drawing the same thing again makes of it. */
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
  for (let at = 0; at < a.length; at += 1) if (Math.abs((a[at] ?? 0) - (b[at] ?? 0)) > 12) differing += 1
  return differing
}

/** Where pictures are, from 10 % to 55 % of the width and from 8 % to 73 % of the height: ground and ink are grey, they are not. */
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
