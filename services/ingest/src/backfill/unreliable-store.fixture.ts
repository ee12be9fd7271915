import { type Store, StoreError } from '@darkroom/infra/store/store'

const FAILURE_RATE = 0.3

/**
 * Wraps a store so that three calls in ten fail: before they did anything, after they did everything, or, for a put, silently by
 * storing a byte too few. `ping` always succeeds.
 *
 * @param random returns numbers in [0, 1)
 */
export function createUnreliableStore(store: Store, random: () => number): Store {
  const createError = () => new StoreError('unreliable store failed')
  const isFailing = () => random() < FAILURE_RATE
  return {
    ...store,
    get: async (key, options) => {
      if (isFailing()) throw createError()
      return await store.get(key, options)
    },
    put: async (key, body, options) => {
      const failure = isFailing() ? (['before', 'after', 'short'] as const)[Math.floor(random() * 3)] : 'none'
      if (failure === 'before') throw createError()
      const storedBody = failure === 'short' && body instanceof Uint8Array ? body.slice(0, -1) : body
      const object = await store.put(key, storedBody, options)
      if (failure === 'after') throw createError()
      return object
    },
  }
}
