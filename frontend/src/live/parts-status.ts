import type { Parts } from '@darkroom/contracts/parts'
import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import type { GenerationStore } from '../store/generation-store.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import { createPartsMonitor } from './parts-monitor.ts'
import { createStallDetector } from './stall-detector.ts'

export interface PartsStatusOptions {
  fetchParts: () => Promise<Parts | null>
  store: Pick<GenerationStore, 'subscribe'>
  /** Called when submissions are taken again. */
  onIngestBack: () => void
}

export interface PartsStatus {
  /** The state of the parts, null while it is not known. */
  parts: Accessor<Parts | null>
  /** Reads the state of the parts: to be called when a request showed that one may be away. */
  check: () => Promise<void>
}

/**
 * Creates the status of the studio's parts. It is read when something shows that one may be away: a request that was not
 * answered, a submission that waits, or generations that stand still.
 */
export function createPartsStatus({ fetchParts, store, onIngestBack }: PartsStatusOptions): PartsStatus {
  const [parts, setParts] = createSignal<Parts | null>(null)
  const isVisible = () => !document.hidden
  const monitor = createPartsMonitor({ fetchParts, onChange: setParts, onIngestBack, isVisible })
  const stall = createStallDetector({ onStall: () => isVisible() && void monitor.check() })
  const onWindow = (now: GenerationWindow, before: GenerationWindow) => {
    if (now.rows !== before.rows) stall.observe(now.rows)
    if (now.unsent !== before.unsent && hasWaiting(now) && navigator.onLine) void monitor.check()
  }
  onMount(() => {
    const unsubscribe = store.subscribe(onWindow)
    document.addEventListener('visibilitychange', monitor.checkIfAway)
    // A page that is opened while a part is away says so, too.
    void monitor.check()
    onCleanup(() => {
      unsubscribe()
      document.removeEventListener('visibilitychange', monitor.checkIfAway)
      stall.stop()
      monitor.close()
    })
  })
  return { parts, check: monitor.check }
}

function hasWaiting({ unsent }: GenerationWindow): boolean {
  return unsent.some(({ delivery }) => delivery?.state === 'waiting')
}
