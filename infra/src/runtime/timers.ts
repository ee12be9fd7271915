/** The error of an operation that exceeded its deadline. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Waits for `work` until `milliseconds` have passed or `signal` is aborted. The work itself is not cancelled: pass it a signal of
 * its own where it accepts one.
 *
 * @param options `operation` names the work in the error
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
    // `race` handles a rejection of `work` even when it comes after the deadline. Unhandled, it would end the process.
    return await Promise.race([ended, work])
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
  }
}

/** Waits for `work` until the signal is aborted. The work itself goes on. @throws the error of `work`; the signal's reason */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([aborted, work])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Waits `milliseconds`, or until the signal is aborted. Never throws. */
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

/**
 * Returns the time until the next multiple of an interval, in ms. Checks that all wait for it are one wake-up of the process, instead of
 * one each.
 */
export function untilNextMultiple(interval: number): number {
  return interval - (Date.now() % interval)
}
