import type { Page } from '../kit/page.ts'

/** A generation that the page has submitted. Times are in ms since 1970. */
export interface PaintedImage {
  id: string
  submittedAt: number
  /** Its preview was decoded, and a frame began with it. */
  paintedAt: number
}

const TIMEOUT_MS = 60_000

/** Script for the page: submits a generation, and waits until the preview of its image is painted. */
const SUBMIT_SCRIPT = `window.submitAndPaint = async body => {
  const now = () => performance.timeOrigin + performance.now()
  const nextFrame = () => new Promise(resolve => requestAnimationFrame(resolve))
  const submittedAt = now()
  const headers = { 'content-type': 'application/json' }
  const response = await fetch('/api/generate', { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  const { id } = await response.json()
  for (;;) {
    if (now() - submittedAt > ${TIMEOUT_MS}) throw new Error('the image of ' + id + ' was not painted')
    await nextFrame()
    const image = document.querySelector('[data-generation-id="' + id + '"] img[data-url]')
    if (!image?.complete || image.naturalWidth === 0) continue
    await image.decode()
    await nextFrame()
    return { id, submittedAt, paintedAt: now() }
  }
}`

/** Prepares a page of a studio for `submitAndPaint`. */
export async function preparePage(page: Page): Promise<void> {
  await page.evaluate(SUBMIT_SCRIPT)
}

/** Submits a generation from the page. @returns when the preview of its image is painted */
export async function submitAndPaint(page: Page, body: object): Promise<PaintedImage> {
  return await page.evaluate<PaintedImage>(`submitAndPaint(${JSON.stringify(body)})`)
}
