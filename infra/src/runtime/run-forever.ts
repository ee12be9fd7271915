import type { Log } from '../log.ts'
import { type RetryPolicy, retryDelay } from './retry-policies.ts'
import { sleep } from './timers.ts'

export interface ForeverOptions {
  /** Name of the loop in snake case. A failure is logged as `<name>_failed`. */
  name: string
  /** Pauses after failures. */
  policy: RetryPolicy
  /** Pause after a run that returned `idle`, in milliseconds; jittered by half, so that processes do not poll in step. */
  idleMs?: number
  /** Waits while idle. Absent: `sleep`. For loops that are also woken up. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
  log: Log
  /** Ids that are added to the log line: stream, consumer, provider. */
  ids?: Record<string, string>
  signal: AbortSignal
}

/** A failure is a warning; from this many in a row on it is an error. */
const ERROR_AFTER = 3

/**
 * Runs something again and again until the signal is aborted: at once after `busy`, after a pause after `idle`, and after a
 * back-off when it throws. A run that lasts (a subscription) calls `succeeded` once it works, which resets the back-off.
 *
 * @returns when the signal is aborted and the run under way has ended; it never throws
 */
export async function runForever(
  options: ForeverOptions,
  run: (succeeded: () => void) => Promise<'busy' | 'idle'>,
): Promise<void> {
  const { policy, idleMs = 0, wait = sleep, signal } = options
  let failures = 0
  const succeeded = () => {
    failures = 0
  }
  while (!signal.aborted) {
    try {
      const state = await run(succeeded)
      succeeded()
      if (state === 'idle') await wait(idleMs * (0.5 + Math.random()), signal)
    } catch (err) {
      if (signal.aborted) return
      failures += 1
      report(options, err, failures)
      await sleep(retryDelay(policy, failures), signal)
    }
  }
}

function report({ name, log, ids }: ForeverOptions, err: unknown, failures: number): void {
  log[failures < ERROR_AFTER ? 'warn' : 'error']({ ...ids, err, failures }, `${name}_failed`)
}
