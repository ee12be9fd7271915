import { type BroadcastMessage, LEAVE_MESSAGE } from './broadcast.ts'
import { type LiveHandlers, subscribeLive } from './live.ts'

/**
 * Listens to what happens in the studio through the one stream that all tabs of this browser share. Where a browser has no
 * shared workers, each tab has a stream of its own, and only while it is looked at.
 *
 * @returns ends it
 */
export function subscribeShared(handlers: LiveHandlers): () => void {
  if (typeof SharedWorker === 'undefined') return subscribeWhileVisible(handlers)
  const disposed = new AbortController()
  let unsubscribe = joinSharedWorker(handlers, fallBackToOwnStream)

  function fallBackToOwnStream() {
    unsubscribe()
    disposed.abort()
    unsubscribe = subscribeWhileVisible(handlers)
  }

  // A page that is put away for the way back hears nothing until it is shown again.
  const { signal } = disposed
  window.addEventListener('pagehide', () => unsubscribe(), { signal })
  const onPageShow = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return
    unsubscribe = joinSharedWorker(handlers, fallBackToOwnStream)
    handlers.onGap()
  }
  window.addEventListener('pageshow', onPageShow, { signal })
  return () => {
    disposed.abort()
    unsubscribe()
  }
}

function joinSharedWorker({ onGeneration, onGap, onConnection }: LiveHandlers, onFailure: () => void): () => void {
  const worker = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: 'darkroom' })
  worker.addEventListener('error', onFailure, { once: true })
  worker.port.addEventListener('message', ({ data }: MessageEvent<BroadcastMessage>) => {
    if (data.type === 'connection') onConnection(data.connection)
    if (data.type === 'generation') onGeneration(data.generation)
    if (data.type === 'gap') onGap()
  })
  worker.port.start()
  return () => {
    worker.port.postMessage(LEAVE_MESSAGE)
    worker.port.close()
  }
}

function subscribeWhileVisible(handlers: LiveHandlers): () => void {
  const open = () => subscribeLive({ open: () => new EventSource('/api/events'), ...handlers })
  let unsubscribe: (() => void) | undefined = open()
  const onVisibility = () => {
    unsubscribe?.()
    unsubscribe = document.hidden ? undefined : open()
    if (unsubscribe) handlers.onGap()
  }
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    unsubscribe?.()
  }
}
