/** A timeout that runs only while data is awaited. */
export interface IdleTimeout {
  /** Aborted when the timeout has elapsed. */
  signal: AbortSignal
  /** Starts to wait for data, with the whole timeout. */
  start(): void
  /** Stops waiting: data has arrived, or the reader is not ready for more. */
  stop(): void
}

/**
 * Creates an idle timeout.
 *
 * @param milliseconds absent for no limit
 */
export function createIdleTimeout(milliseconds: number | undefined): IdleTimeout {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => clearTimeout(timer)
  const start = () => {
    stop()
    if (milliseconds !== undefined) timer = setTimeout(() => controller.abort(), milliseconds)
  }
  return { signal: controller.signal, start, stop }
}
