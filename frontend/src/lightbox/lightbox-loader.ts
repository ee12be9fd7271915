import { onCleanup, onMount } from 'solid-js'

/** Loads the tools of the lightbox. They are one file, which is fetched once. */
export function loadLightbox() {
  return import('./lightbox.tsx')
}

/** Browsers without `requestIdleCallback` load it after this time. */
const FALLBACK_DELAY_MS = 2_000

/** Loads the tools of the lightbox before they are needed: when the page has nothing else to do, or when a pointer is over an output. */
export function createLightboxPreload(): void {
  const load = () => void loadLightbox().catch(() => undefined)
  const onPointerOver = ({ target }: Event) => {
    if (target instanceof Element && target.closest('[data-output-index]')) load()
  }
  onMount(() => {
    document.addEventListener('pointerover', onPointerOver, { passive: true })
    const cancel = whenIdle(load)
    onCleanup(() => {
      document.removeEventListener('pointerover', onPointerOver)
      cancel()
    })
  })
}

function whenIdle(run: () => void): () => void {
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(run, FALLBACK_DELAY_MS)
    return () => clearTimeout(timer)
  }
  const request = window.requestIdleCallback(run)
  return () => window.cancelIdleCallback(request)
}
