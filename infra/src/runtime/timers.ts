/** A wait that took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Waits for `work` no longer than `milliseconds`, and no longer than `signal` allows. The work itself is not stopped: give it
 * a signal of its own where it can be.
 *
 * @throws DeadlineError when the time is up; the signal's reason when it is aborted
 */
export async function withDeadline<T>(
  work: Promise<T>,
  options: { milliseconds: number; operation: string; signal?: AbortSignal | undefined },
): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const abort = () => reject(options.signal?.reason)
  const timer = setTimeout(
    () => reject(new DeadlineError(`${options.operation} took longer than ${options.milliseconds} ms`)),
    options.milliseconds,
  )
  options.signal?.addEventListener('abort', abort, { once: true })
  if (options.signal?.aborted) abort()
  try {
    // Even work that is no longer waited for is watched: its failure would be nobody's, and end the process.
    return await Promise.race([ended, work])
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
  }
}

/** Waits `milliseconds`, or less if the signal is aborted; it never throws. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = () => resolve()
  const timer = setTimeout(wake, milliseconds)
  signal.addEventListener('abort', wake, { once: true })
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', wake)
}

/** A pause before try number `tries` (from 0): exponential with full jitter, in milliseconds. */
export function backoff(tries: number, options: { base: number; most: number; random?: () => number }): number {
  const ceiling = Math.min(options.most, options.base * 2 ** tries)
  return (options.random ?? Math.random)() * ceiling
}
