/** Notices that nothing comes while something is waited for. */
export interface Stall {
  /** Aborted when nothing has come for too long. */
  signal: AbortSignal
  /** From now on something is waited for, */
  waiting(): void
  /** and now no longer: it came, or whoever reads is not ready for more. */
  over(): void
}

/** @param milliseconds the longest silence; without it any is allowed */
export function createStall(milliseconds: number | undefined): Stall {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = () => clearTimeout(timer)
  const waiting = () => {
    over()
    if (milliseconds !== undefined) timer = setTimeout(() => controller.abort(), milliseconds)
  }
  return { signal: controller.signal, waiting, over }
}
