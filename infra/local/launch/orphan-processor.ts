import { sleep } from '../../src/runtime/timers.ts'
import { isProcessRunning, sendSignal } from '../process/orphan-process.ts'
import { fetchReadiness } from './service-readiness.ts'
import { formatOrphanWait, parseStoppingProcessor } from './stop-progress.ts'

export interface OrphanProcessor {
  pid: number
  /** Command line that the process must have: the system reuses pids. */
  command: string
  /** Base URL that it had. */
  url: string
}

const STOP_TIMEOUT_MS = 10_000
const POLL_INTERVAL_MS = 200

/**
 * Stops a processor that a killed launcher left running. One that waits for calls which are paid goes on, and ends by itself: it needs no
 * other part to write their answers into the journal, where the next processor finds them. A second stop signal would give them up.
 *
 * @param options `onMessage` is called if it goes on; `milliseconds`: time until one that does neither is killed
 */
export async function stopOrphanProcessor(
  { pid, command, url }: OrphanProcessor,
  options: { signal: AbortSignal; onMessage: (line: string) => void; milliseconds?: number },
): Promise<void> {
  const { signal, onMessage, milliseconds = STOP_TIMEOUT_MS } = options
  let isSignalled = false
  for (const end = performance.now() + milliseconds; performance.now() < end && !signal.aborted; ) {
    if (!(await isProcessRunning(pid, command))) return
    const stopping = await parseStoppingProcessor(await fetchReadiness({ url, host: new URL(url).host }))
    if (stopping && stopping.calls.length > 0) return onMessage(formatOrphanWait(stopping.calls))
    if (!stopping && !isSignalled) sendSignal(pid, 'SIGTERM')
    isSignalled = true
    await sleep(POLL_INTERVAL_MS, signal)
  }
  sendSignal(pid, 'SIGKILL')
}
