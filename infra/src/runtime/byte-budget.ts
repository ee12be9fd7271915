/** Memory that many share: who wants some waits until there is enough of it. */
export interface ByteBudget {
  readonly reserved: number
  /**
   * Waits for so many bytes; first come, first served, so that nobody who wants much is passed over for ever. Who wants more
   * than there are gets them all, alone.
   *
   * @throws the signal's reason; nothing is taken then
   */
  reserve(bytes: number, signal: AbortSignal): Promise<ByteReservation>
}

/** Bytes that were taken, until it is disposed of. */
export interface ByteReservation extends Disposable {
  /** Gives back what is not needed after all. */
  shrinkTo(bytes: number): void
}

interface Waiter {
  bytes: number
  grant: (share: ByteReservation) => void
}

/**
 * @param total how many bytes there are
 * @param options `collectGarbage` frees what was given back, each time that it is half of all: pictures lie outside of the heap, where
 *   nobody sees them pile up
 */
export function createByteBudget(total: number, { collectGarbage = () => {} } = {}): ByteBudget {
  const waiting: Waiter[] = []
  let reserved = 0
  let uncollected = 0
  const release = (bytes: number) => {
    reserved -= bytes
    uncollected += bytes
    if (uncollected >= total / 2) {
      uncollected = 0
      collectGarbage()
    }
    grantWaiting()
  }
  const grantWaiting = () => {
    for (let next = waiting[0]; next && reserved + next.bytes <= total; next = waiting[0]) {
      waiting.shift()
      reserved += next.bytes
      next.grant(createReservation(next.bytes, release))
    }
  }
  const removeWaiter = (waiter: Waiter) => {
    waiting.splice(waiting.indexOf(waiter), 1)
    grantWaiting()
  }
  return {
    get reserved() {
      return reserved
    },
    async reserve(bytes, signal) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<ByteReservation>()
      const waiter = { bytes: Math.min(bytes, total), grant: resolve }
      const abort = () => {
        if (waiting.includes(waiter)) removeWaiter(waiter)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      waiting.push(waiter)
      grantWaiting()
      return await promise.finally(() => signal.removeEventListener('abort', abort))
    },
  }
}

function createReservation(bytes: number, release: (bytes: number) => void): ByteReservation {
  let held = bytes
  const shrinkTo = (wanted: number) => {
    const spare = Math.max(0, held - wanted)
    held -= spare
    release(spare)
  }
  return { shrinkTo, [Symbol.dispose]: () => shrinkTo(0) }
}
