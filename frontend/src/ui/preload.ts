import { onCleanup, onMount } from 'solid-js'

/** Time after which a browser without `requestIdleCallback` counts as idle. */
const FALLBACK_DELAY_MS = 1_500
/** Time after which parts are loaded although the page was never idle. */
const IDLE_TIMEOUT_MS = 5_000

/** Something whose code can be loaded ahead of its use: see `lazyPart`. */
interface Preloadable {
  preload(): Promise<void>
}

/** Loads parts while the page has nothing else to do: one after the other, so that none of them delays what is being done. */
export function createIdlePreload(parts: readonly Preloadable[]): void {
  let cancel: () => void = () => undefined
  let isDisposed = false
  const loadNext = ([part, ...rest]: readonly Preloadable[]) => {
    if (!part || isDisposed) return
    cancel = whenIdle(() => void part.preload().then(() => loadNext(rest)))
  }
  onMount(() => loadNext(parts))
  onCleanup(() => {
    isDisposed = true
    cancel()
  })
}

/** Loads what an element leads to as soon as a pointer or the focus is on it, or a finger touches it. */
export function createIntentPreload(selector: string, preload: (element: HTMLElement) => void): void {
  const onIntent = ({ target }: Event) => {
    const element = target instanceof Element ? target.closest<HTMLElement>(selector) : null
    if (element) preload(element)
  }
  onMount(() => {
    const stop = new AbortController()
    for (const type of ['pointerover', 'focusin', 'touchstart'])
      document.addEventListener(type, onIntent, { passive: true, signal: stop.signal })
    onCleanup(() => stop.abort())
  })
}

function whenIdle(run: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(run, FALLBACK_DELAY_MS)
    return () => clearTimeout(timer)
  }
  const request = requestIdleCallback(run, { timeout: IDLE_TIMEOUT_MS })
  return () => cancelIdleCallback(request)
}
