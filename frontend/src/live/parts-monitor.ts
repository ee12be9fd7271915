import type { Parts } from '@darkroom/contracts/parts'
import { isAnyAway } from './parts.ts'

export interface PartsMonitorOptions {
  /** Reads the state of the parts; null if it is not known. It does not reject. */
  fetchParts: () => Promise<Parts | null>
  onChange: (parts: Parts | null) => void
  /** Called when submissions are taken again. */
  onIngestBack: () => void
  isVisible: () => boolean
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

const POLL_INTERVAL_MS = 5_000

/** Creates the monitor of the studio's parts. It polls only while a part is away and the page is visible. */
export function createPartsMonitor({
  fetchParts,
  onChange,
  onIngestBack,
  isVisible,
  setTimer = setTimeout,
}: PartsMonitorOptions) {
  /** The last known state: the state may be unknown while a part is away, as in a restart of the whole studio. */
  let lastKnown: Parts | null = null
  let isReading = false
  let isScheduled = false
  let isClosed = false

  /** Reads the state of the parts, once however often it is called meanwhile. */
  async function check() {
    if (isReading || isClosed) return
    isReading = true
    const parts = await fetchParts()
    isReading = false
    if (isClosed) return
    onChange(parts)
    if (parts?.ingest === 'ok' && lastKnown?.ingest === 'away') onIngestBack()
    lastKnown = parts ?? lastKnown
    if (isAnyAway(lastKnown)) schedule()
  }

  function schedule() {
    if (isScheduled) return
    isScheduled = true
    setTimer(() => {
      isScheduled = false
      checkIfAway()
    }, POLL_INTERVAL_MS)
  }

  /** Reads the state again if a part was away. To be called when the page becomes visible. */
  function checkIfAway() {
    if (isVisible() && isAnyAway(lastKnown)) void check()
  }

  function close() {
    isClosed = true
  }

  return { check, checkIfAway, close }
}
