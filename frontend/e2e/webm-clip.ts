import type { Page, Route } from 'playwright-core'

/** Records a short video in the browser: a square that changes its colour. */
export async function recordClip(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 64
    const context = canvas.getContext('2d')
    const chunks: Blob[] = []
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' })
    recorder.ondataavailable = ({ data }) => void chunks.push(data)
    const stopped = new Promise(resolve => recorder.addEventListener('stop', resolve, { once: true }))
    recorder.start()
    const start = performance.now()
    while (performance.now() - start < 1_500) {
      if (context) context.fillStyle = `hsl(${Math.round((performance.now() - start) / 5)} 80% 50%)`
      context?.fillRect(0, 0, 64, 64)
      await new Promise(resolve => requestAnimationFrame(resolve))
    }
    recorder.stop()
    await stopped
    const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer())
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    return btoa(text)
  })
  return Buffer.from(base64, 'base64')
}

/** Responds with a video, or with the part of it that the browser requests. */
export async function fulfillClip(route: Route, clip: Buffer): Promise<void> {
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(route.request().headers().range ?? '') ?? []
  const end = to === '' ? clip.length - 1 : Math.min(Number(to), clip.length - 1)
  await route.fulfill({
    status: 206,
    headers: { 'accept-ranges': 'bytes', 'content-range': `bytes ${from}-${end}/${clip.length}` },
    contentType: 'video/webm',
    body: clip.subarray(Number(from), end + 1),
  })
}
