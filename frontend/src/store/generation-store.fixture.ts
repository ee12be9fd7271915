import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { buildGeneration } from './generation.fixture.ts'
import type { GenerationStore } from './generation-store.ts'

export function buildNumbered(number: number, version = 1): Generation {
  const createdAt = new Date(1_700_000_000_000 + number * 1_000).toISOString()
  return buildGeneration({ id: `id ${number}`, clientId: `client ${number}`, createdAt, version })
}

/** Creates the list endpoint of a studio with so many generations, numbered from 1. `queries` records the requests. */
export function createFakePages(count: number) {
  const all = Array.from({ length: count }, (_, index) => buildNumbered(index + 1)).reverse()
  const queries: { limit: number; cursor?: string }[] = []
  const fetchPage = async (query: { limit: number; cursor?: string }): Promise<GenerationPage> => {
    queries.push(query)
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    const next = from + query.limit
    return {
      generations: all.slice(from, next),
      nextCursor: next < all.length ? String(next) : null,
      previousCursor: null,
    }
  }
  return { all, queries, fetchPage }
}

export const rejectSubmission = () => Promise.reject(new Error('no submission is expected'))
export const callImmediately = (callback: () => void) => callback()

export function listNumbers(store: GenerationStore): number[] {
  return store.current().rows.map(row => Number(row.key.split(' ')[1]))
}
