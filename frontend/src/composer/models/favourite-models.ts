import { createSignal } from 'solid-js'
import { readStorage, writeStorage } from '../../ui/local-storage.ts'

const FAVOURITES_KEY = 'darkroom.favourite-models'

/** Creates the ids of the favourite models, which are stored in this browser. */
export function createFavouriteModels() {
  const [favourites, setFavourites] = createSignal(readFavouriteModels())

  function toggleFavourite(id: string) {
    const next = favourites().symmetricDifference(new Set([id]))
    setFavourites(next)
    writeStorage(FAVOURITES_KEY, next.size === 0 ? null : JSON.stringify([...next]))
  }

  return { favourites, toggleFavourite }
}

/** Reads the ids of the favourite models, in the order in which they were chosen. */
export function readFavouriteModels(): ReadonlySet<string> {
  return parseFavourites(readStorage(FAVOURITES_KEY))
}

/** Parses the stored ids. Anything else counts as none. */
export function parseFavourites(text: string | null): Set<string> {
  try {
    const stored: unknown = JSON.parse(text ?? '[]')
    return new Set(Array.isArray(stored) ? stored.filter(id => typeof id === 'string') : [])
  } catch {
    return new Set()
  }
}
