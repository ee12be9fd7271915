/** Time after which nothing waits for a frame any more: a window that is covered draws none. */
const FRAME_TIMEOUT_MS = 200

/** Resolves once the next frame is painted, or at once if the page is hidden. */
export function nextPaint(): Promise<void> {
  if (globalThis.document?.hidden ?? true) return Promise.resolve()
  return new Promise(resolve => {
    requestAnimationFrame(() => setTimeout(resolve))
    setTimeout(resolve, FRAME_TIMEOUT_MS)
  })
}
