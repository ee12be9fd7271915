/** Pauses between tries: the first, and the longest. */
export interface BackoffOptions {
  initialMs: number
  maxMs: number
}

/** Creates an exponential back-off without jitter. */
export function createBackoff({ initialMs, maxMs }: BackoffOptions) {
  let delay = initialMs

  /** Returns the pause before the next try, in ms. Each is twice the one before. */
  function nextDelay(): number {
    const current = delay
    delay = Math.min(2 * delay, maxMs)
    return current
  }

  /** Starts again from the first pause, after a success. */
  function reset() {
    delay = initialMs
  }

  return { nextDelay, reset }
}
