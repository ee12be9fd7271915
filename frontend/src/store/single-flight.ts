/**
 * Limits work to one run of a key at a time. A call while the same key is running does nothing.
 *
 * @param keyOf returns the key of the work's argument
 */
export function singleFlight<T>(work: (argument: T) => Promise<void>, keyOf: (argument: T) => string) {
  const inFlight = new Set<string>()
  return async function runOnce(argument: T) {
    const key = keyOf(argument)
    if (inFlight.has(key)) return
    inFlight.add(key)
    try {
      await work(argument)
    } finally {
      inFlight.delete(key)
    }
  }
}
