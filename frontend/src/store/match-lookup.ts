import type { Generation } from '@darkroom/contracts/generation'
import { type ListQuery, toListParameters } from '../library/list-query.ts'
import { matchesQuery } from '../library/match-query.ts'
import type { FetchPage } from './feed-location.ts'
import type { GenerationWindow } from './generation-window.ts'

export interface MatchLookupDeps {
  current: () => GenerationWindow
  fetchPage: FetchPage
  /** Called with a generation that matches the searched text. */
  onMatch: (generation: Generation) => void
}

/**
 * Creates the lookup of generations that may match the searched text: only the studio knows which words match. Each is looked up
 * once, because its prompt never changes.
 *
 * @returns looks up the generations of events that are not in the window
 */
export function createMatchLookup({ current, fetchPage, onMatch }: MatchLookupDeps) {
  let results: { query: ListQuery; matches: Map<string, Promise<boolean>> } | undefined

  function lookUp(generations: readonly Generation[]) {
    const { query, byKey } = current()
    for (const generation of generations) {
      if (byKey.has(generation.clientId) || matchesQuery(generation, query) !== 'unknown') continue
      void report(generation, query)
    }
  }

  async function report(generation: Generation, query: ListQuery) {
    if ((await isMatch(generation.id, query)) && current().query === query) onMatch(generation)
  }

  function isMatch(id: string, query: ListQuery): Promise<boolean> {
    if (results?.query !== query) results = { query, matches: new Map() }
    const { matches } = results
    const match = matches.get(id) ?? requestMatch(id, query)
    matches.set(id, match)
    return match
  }

  /** Requests the page of one row around a generation: it is that generation, if the list has it. */
  async function requestMatch(id: string, query: ListQuery): Promise<boolean> {
    try {
      const { generations } = await fetchPage({ limit: 1, around: id, ...toListParameters(query) })
      return generations.some(generation => generation.id === id)
    } catch {
      // Not shown until the list is read again.
      return false
    }
  }

  return lookUp
}
