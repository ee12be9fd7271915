const MIB = 1024 * 1024
const SAMPLED_BYTES = 8 * MIB

/** Measures how far the memory of the process rises while bytes pass through it. */
export function watchMemory() {
  Bun.gc(true)
  const before = process.memoryUsage.rss()
  let passed = 0
  let peak = 0
  /** Counts bytes that have passed. Memory is read once in 8 MiB. */
  const sample = (bytes: number) => {
    passed += bytes
    if (passed % SAMPLED_BYTES >= bytes) return
    // Garbage that is not collected yet does not count.
    Bun.gc(true)
    peak = Math.max(peak, process.memoryUsage.rss() - before)
  }
  return { sample, peak: () => peak }
}
