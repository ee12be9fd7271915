import type { Service } from '@darkroom/contracts/routes'
import { sleep } from '../../src/runtime/timers.ts'
import type { ChildProcess } from '../process/child-process.ts'
import type { Progress } from './progress.ts'

const REQUEST_TIMEOUT_MS = 2_000
/** A service is ready within a second; one that waits for something is polled less often. */
const [FIRST_INTERVAL_MS, LATER_INTERVAL_MS, FIRST_POLLS] = [25, 500, 400]
const REPORT_AFTER_MS = 60_000
export interface ReadinessWatch {
  name: Service
  /** Base URL of the service. */
  url: string
  /** Public Host of the studio. */
  host: string
  child: ChildProcess
  onReady: () => void
  progress: Progress
}

/**
 * Polls a new process until it is ready, and reports the reason when that takes long.
 *
 * @returns false if the process exits before
 */
export async function watchReadiness(watch: ReadinessWatch): Promise<boolean> {
  const ended = new AbortController()
  void watch.child.exited.then(() => ended.abort())
  let reason = 'it does not answer'
  const timer = setTimeout(() => watch.progress.line(`  ${watch.name} is not ready yet: ${reason}`), REPORT_AFTER_MS)
  try {
    for (let polls = 0; watch.child.isRunning(); polls += 1) {
      const response = await fetchReadiness(watch)
      if (response?.ok) {
        watch.onReady()
        return true
      }
      if (response) reason = (await response.text()).slice(0, 300)
      await sleep(polls < FIRST_POLLS ? FIRST_INTERVAL_MS : LATER_INTERVAL_MS, ended.signal)
    }
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** Requests the readiness of a service. @returns undefined if it does not answer within two seconds */
export async function fetchReadiness({ url, host }: { url: string; host: string }): Promise<Response | undefined> {
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  return await fetch(`${url}/readyz`, { headers: { host }, signal }).catch(() => undefined)
}
