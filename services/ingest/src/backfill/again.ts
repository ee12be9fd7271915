import type { Log } from '@darkroom/infra/log'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'

const MAX_TRIES = 5

/** Does something with the store, and again if it fails, a few times. @throws what the last try threw, or the signal's reason */
export async function retryStoreCall<T>(
  { log, signal }: { log: Log; signal: AbortSignal },
  operation: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await operation()
    } catch (err) {
      signal.throwIfAborted()
      if (tries === MAX_TRIES) throw err
      log.debug({ err, tries }, 'the store failed')
      await sleep(backoff(tries, { base: 100, most: 3_000 }), signal)
    }
  }
}
