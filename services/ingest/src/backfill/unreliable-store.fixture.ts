import { type Store, StoreError } from '@darkroom/infra/store/store'

const FAILS = 0.3

/**
 * A store that fails three times in ten: before it did anything, after it did all, or by keeping less than it was given and
 * saying nothing. It answers `ping`, whatever else.
 *
 * @param random gives numbers from 0 to 1
 */
export function unreliable(store: Store, random: () => number): Store {
  const fail = () => new StoreError('the store failed')
  const isBad = () => random() < FAILS
  return {
    ...store,
    get: async (key, options) => {
      if (isBad()) throw fail()
      return await store.get(key, options)
    },
    put: async (key, body, options) => {
      const how = isBad() ? (['before', 'after', 'short'] as const)[Math.floor(random() * 3)] : 'well'
      if (how === 'before') throw fail()
      const given = how === 'short' && body instanceof Uint8Array ? body.slice(0, -1) : body
      const object = await store.put(key, given, options)
      if (how === 'after') throw fail()
      return object
    },
  }
}
