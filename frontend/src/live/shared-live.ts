import { LEAVE, type Told } from './broadcast.ts'
import { type Hearing, listen } from './live.ts'

/**
 * Listens to what happens in the studio through the one stream that all tabs of this browser share. Where a browser has no
 * shared workers, each tab has a stream of its own, and only while it is looked at.
 *
 * @returns ends it
 */
export function listenShared(hearing: Hearing): () => void {
  if (typeof SharedWorker === 'undefined') return listenInView(hearing)
  const lost = new AbortController()
  let end = join(hearing, fallBack)

  function fallBack() {
    end()
    lost.abort()
    end = listenInView(hearing)
  }

  // A page that is put away for the way back hears nothing until it is shown again.
  const { signal } = lost
  window.addEventListener('pagehide', () => end(), { signal })
  const comeBack = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return
    end = join(hearing, fallBack)
    hearing.onGap()
  }
  window.addEventListener('pageshow', comeBack, { signal })
  return () => {
    lost.abort()
    end()
  }
}

function join({ onGeneration, onGap, onConnection }: Hearing, onFailure: () => void): () => void {
  const worker = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: 'darkroom' })
  worker.addEventListener('error', onFailure, { once: true })
  worker.port.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    if (data.type === 'connection') onConnection(data.connection)
    if (data.type === 'generation') onGeneration(data.generation)
    if (data.type === 'gap') onGap()
  })
  worker.port.start()
  return () => {
    worker.port.postMessage(LEAVE)
    worker.port.close()
  }
}

function listenInView(hearing: Hearing): () => void {
  const open = () => listen({ open: () => new EventSource('/api/events'), ...hearing })
  let end: (() => void) | undefined = open()
  const onVisibility = () => {
    end?.()
    end = document.hidden ? undefined : open()
    if (end) hearing.onGap()
  }
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    end?.()
  }
}
