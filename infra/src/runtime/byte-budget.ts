/** Memory that many share: who wants some waits until there is enough of it. */
export interface ByteBudget {
  readonly taken: number
  /**
   * Waits for so many bytes; first come, first served, so that nobody who wants much is passed over for ever. Who wants more
   * than there are gets them all, alone.
   *
   * @throws the signal's reason; nothing is taken then
   */
  take(bytes: number, signal: AbortSignal): Promise<ByteShare>
}

/** Bytes that were taken, until it is disposed of. */
export interface ByteShare extends Disposable {
  /** Gives back what is not needed after all. */
  shrinkTo(bytes: number): void
}

interface Waiter {
  bytes: number
  begin: (share: ByteShare) => void
}

/**
 * @param total how many bytes there are
 * @param options `collect` frees what was given back, each time that it is half of all: pictures lie outside of the heap, where
 *   nobody sees them pile up
 */
export function createByteBudget(total: number, { collect = () => {} } = {}): ByteBudget {
  const waiting: Waiter[] = []
  let taken = 0
  let uncollected = 0
  const give = (bytes: number) => {
    taken -= bytes
    uncollected += bytes
    if (uncollected >= total / 2) {
      uncollected = 0
      collect()
    }
    admit()
  }
  const admit = () => {
    for (let next = waiting[0]; next && taken + next.bytes <= total; next = waiting[0]) {
      waiting.shift()
      taken += next.bytes
      next.begin(shareOf(next.bytes, give))
    }
  }
  const leave = (waiter: Waiter) => {
    waiting.splice(waiting.indexOf(waiter), 1)
    admit()
  }
  return {
    get taken() {
      return taken
    },
    async take(bytes, signal) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<ByteShare>()
      const waiter = { bytes: Math.min(bytes, total), begin: resolve }
      const abort = () => {
        if (waiting.includes(waiter)) leave(waiter)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      waiting.push(waiter)
      admit()
      return await promise.finally(() => signal.removeEventListener('abort', abort))
    },
  }
}

function shareOf(bytes: number, give: (bytes: number) => void): ByteShare {
  let held = bytes
  const shrinkTo = (wanted: number) => {
    const spare = Math.max(0, held - wanted)
    held -= spare
    give(spare)
  }
  return { shrinkTo, [Symbol.dispose]: () => shrinkTo(0) }
}
