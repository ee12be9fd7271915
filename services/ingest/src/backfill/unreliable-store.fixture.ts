import { type Store, StoreError } from '@darkroom/infra/store/store'

const FAILURE_RATE = 0.3

/**
 * A store that fails three times in ten: before it did anything, after it did all, or by keeping less than it was given and
 * saying nothing. It answers `ping`, whatever else.
 *
 * @param random gives numbers from 0 to 1
 */
export function createUnreliableStore(store: Store, random: () => number): Store {
  const createError = () => new StoreError('the store failed')
  const isFailing = () => random() < FAILURE_RATE
  return {
    ...store,
    get: async (key, options) => {
      if (isFailing()) throw createError()
      return await store.get(key, options)
    },
    put: async (key, body, options) => {
      const failure = isFailing() ? (['before', 'after', 'short'] as const)[Math.floor(random() * 3)] : 'well'
      if (failure === 'before') throw createError()
      const given = failure === 'short' && body instanceof Uint8Array ? body.slice(0, -1) : body
      const object = await store.put(key, given, options)
      if (failure === 'after') throw createError()
      return object
    },
  }
}
