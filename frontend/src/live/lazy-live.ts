import { createLoadOnce } from '../ui/load-once.ts'
import type { TabHandlers } from './live.ts'

const RETRY_DELAY_MS = 4_000

const code = createLoadOnce(() => import('./shared-live.ts'))

/**
 * Subscribes to the studio's events as soon as the code for that is loaded: the first rows do not wait for it. A load that failed is
 * repeated.
 *
 * @returns a function that unsubscribes
 */
export function subscribeLazily(handlers: TabHandlers): () => void {
  let isDisposed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let unsubscribe: (() => void) | undefined

  async function subscribe() {
    try {
      const { subscribeShared } = await code.request()
      if (!isDisposed) unsubscribe = subscribeShared(handlers)
    } catch {
      if (isDisposed) return
      handlers.onStatus('reconnecting')
      timer = setTimeout(subscribe, RETRY_DELAY_MS)
    }
  }

  void subscribe()
  return () => {
    isDisposed = true
    clearTimeout(timer)
    unsubscribe?.()
  }
}
