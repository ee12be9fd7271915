/** A memory budget with several users. A reservation waits until enough bytes are free. */
export interface ByteBudget {
  /** Bytes that are reserved now. */
  readonly reserved: number
  /**
   * Reserves bytes and waits until they are free. Waiters are served first come, first served: otherwise small reservations could
   * starve a large one. A reservation above the total gets the whole budget, alone.
   *
   * @throws the signal's reason when it is aborted; nothing is reserved then
   */
  reserve(bytes: number, signal: AbortSignal): Promise<ByteReservation>
}

/** Reserved bytes. Disposing releases them. */
export interface ByteReservation extends Disposable {
  /** Releases the bytes above `bytes`. */
  shrinkTo(bytes: number): void
}

interface Waiter {
  bytes: number
  grant: (share: ByteReservation) => void
}

/**
 * Creates a budget of `total` bytes.
 *
 * @param options `collectGarbage` is called each time that half of `total` has been released since the last call: image buffers
 *   lie outside the JavaScript heap, so their size does not trigger a collection
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
  let current = bytes
  const shrinkTo = (wanted: number) => {
    const spare = Math.max(0, current - wanted)
    current -= spare
    release(spare)
  }
  return { shrinkTo, [Symbol.dispose]: () => shrinkTo(0) }
}
