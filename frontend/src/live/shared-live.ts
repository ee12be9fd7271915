import { createLoadOnce } from '../ui/load-once.ts'
import { type BroadcastMessage, LEAVE_MESSAGE, receiveBroadcast } from './broadcast.ts'
import { openEventSource } from './event-source.ts'
import { createIdBatcher } from './id-batcher.ts'
import { type StreamHandlers, subscribeLive, type TabHandlers } from './live.ts'
import type { ShownPreview } from './shown-preview.ts'

const previewLayers = createLoadOnce(async () =>
  (await import('./previews/preview-layers.ts')).createPreviewLayers(document),
)

/**
 * Subscribes to the studio's events through the one stream that all tabs of this browser share. Where a browser has no shared
 * workers, each tab has its own stream, and only while it is visible.
 *
 * @returns a function that unsubscribes
 */
export function subscribeShared(tab: TabHandlers): () => void {
  const handlers = { ...tab, onRemoved: createIdBatcher(tab.onRemoved), onPreview: showPreview }
  if (typeof SharedWorker === 'undefined') return subscribeWhileVisible(handlers)
  const disposed = new AbortController()
  let unsubscribe = joinSharedWorker(handlers, fallBackToOwnStream)

  function fallBackToOwnStream() {
    unsubscribe()
    disposed.abort()
    unsubscribe = subscribeWhileVisible(handlers)
  }

  // A page in the back/forward cache receives no messages until it is shown again.
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

function joinSharedWorker(handlers: StreamHandlers, onFailure: () => void): () => void {
  const worker = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: 'darkroom' })
  worker.addEventListener('error', onFailure, { once: true })
  worker.port.addEventListener('message', ({ data }: MessageEvent<BroadcastMessage>) => {
    receiveBroadcast(data, handlers)
  })
  worker.port.start()
  return () => {
    worker.port.postMessage(LEAVE_MESSAGE)
    worker.port.close()
  }
}

function subscribeWhileVisible(handlers: StreamHandlers): () => void {
  const open = () => subscribeLive({ open: openEventSource, ...handlers })
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

/** Shows a preview, if its output is on the page. Previews that come before the code for that is loaded are dropped. */
function showPreview(preview: ShownPreview) {
  if (document.hidden) return
  const layers = previewLayers.current()
  if (layers) layers.show(preview)
  else void previewLayers.preload()
}
