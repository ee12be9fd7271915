/** Notices that nothing comes while something is waited for. */
export interface IdleTimeout {
  /** Aborted when nothing has come for too long. */
  signal: AbortSignal
  /** From now on something is waited for, */
  start(): void
  /** and now no longer: it came, or whoever reads is not ready for more. */
  stop(): void
}

/** @param milliseconds the longest silence; without it any is allowed */
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
