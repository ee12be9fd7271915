import type { Log } from '@darkroom/infra/log'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'

export interface PollLoopOptions {
  /** Words for the log: what is done. */
  name: string
  /** Between two looks that found nothing, on average, in milliseconds. */
  pollMs: number
  log: Log
  signal: AbortSignal
}

/**
 * Does something again and again until the signal is aborted: at once where there was something to do, else after a pause of
 * half to one and a half times `pollMs`, so that many processes do not look all at once. What `step` throws is logged, and
 * tried again later.
 *
 * @param step says whether there was something to do
 */
export async function runPollLoop(options: PollLoopOptions, step: () => Promise<boolean>): Promise<void> {
  const { name, pollMs, log, signal } = options
  for (let failures = 0; !signal.aborted; ) {
    try {
      const found = await step()
      failures = 0
      if (!found) await sleep(pollMs * (0.5 + Math.random()), signal)
    } catch (err) {
      if (signal.aborted) return
      log[failures < 3 ? 'warn' : 'error']({ err }, `${name} broke off`)
      await sleep(backoff(failures++, { base: 250, most: 30_000 }) + 50, signal)
    }
  }
}
