/** Memory that is shared by all who take from it, in bytes. */
export interface Budget {
  /** Waits until there is room, in turn. @returns gives it back @throws the signal's reason */
  take(bytes: number, signal: AbortSignal): Promise<() => void>
}

/**
 * @param capacity whoever wants more than that gets all of it, alone
 * @param options `collect` frees what was given back: pictures lie outside of the heap, where nobody sees them pile up
 */
export function createBudget(capacity: number, { collect = () => {} } = {}): Budget {
  const waiting: { bytes: number; go: () => void }[] = []
  let free = capacity
  const wake = () => {
    for (let next = waiting[0]; next && next.bytes <= free; next = waiting[0]) {
      waiting.shift()
      free -= next.bytes
      next.go()
    }
  }
  let given = 0
  const give = (bytes: number) => {
    free += bytes
    given += bytes
    if (given >= capacity / 2) {
      given = 0
      collect()
    }
    wake()
  }
  const take = async (wanted: number, signal: AbortSignal) => {
    signal.throwIfAborted()
    const bytes = Math.min(wanted, capacity)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const entry = { bytes, go: resolve }
    const abort = () => {
      const at = waiting.indexOf(entry)
      if (at >= 0) waiting.splice(at, 1)
      if (at >= 0) reject(signal.reason)
      wake()
    }
    signal.addEventListener('abort', abort, { once: true })
    waiting.push(entry)
    wake()
    await promise.finally(() => signal.removeEventListener('abort', abort))
    return once(() => give(bytes))
  }
  return { take }
}

function once(work: () => void): () => void {
  let left: (() => void) | undefined = work
  return () => {
    const now = left
    left = undefined
    now?.()
  }
}
