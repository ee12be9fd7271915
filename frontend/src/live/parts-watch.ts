import type { Parts } from '@darkroom/contracts/parts'
import type { GenerationStore } from '../store/generation-store.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import { createPartsMonitor } from './parts-monitor.ts'
import { createStallDetector } from './stall-detector.ts'

export interface PartsWatchOptions {
  fetchParts: () => Promise<Parts | null>
  store: Pick<GenerationStore, 'subscribe' | 'current'>
  onChange: (parts: Parts | null) => void
  /** Called when submissions are taken again. */
  onIngestBack: () => void
}

export interface PartsWatch {
  /** Reads the state of the parts. */
  check: () => Promise<void>
  stop: () => void
}

/** Starts to watch for what shows that a part of the studio may be away. */
export function startPartsWatch({ fetchParts, store, onChange, onIngestBack }: PartsWatchOptions): PartsWatch {
  const isVisible = () => !document.hidden
  const monitor = createPartsMonitor({ fetchParts, onChange, onIngestBack, isVisible })
  const stall = createStallDetector({ onStall: () => isVisible() && void monitor.check() })
  const unsubscribe = store.subscribe((now, before) => {
    if (now.rows !== before.rows) stall.observe(now.rows)
    if (now.unsent !== before.unsent && hasWaiting(now) && navigator.onLine) void monitor.check()
  })
  document.addEventListener('visibilitychange', monitor.checkIfAway)
  // The first rows may be there already.
  stall.observe(store.current().rows)
  // A page that is opened while a part is away says so, too.
  void monitor.check()
  return {
    check: monitor.check,
    stop: () => {
      unsubscribe()
      document.removeEventListener('visibilitychange', monitor.checkIfAway)
      stall.stop()
      monitor.close()
    },
  }
}

function hasWaiting({ unsent }: GenerationWindow): boolean {
  return unsent.some(({ delivery }) => delivery?.state === 'waiting')
}
