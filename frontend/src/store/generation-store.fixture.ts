import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { aGeneration } from './generation.fixture.ts'
import type { Library } from './generation-store.ts'

export function numbered(number: number, version = 1): Generation {
  const createdAt = new Date(1_700_000_000_000 + number * 1_000).toISOString()
  return aGeneration({ id: `id ${number}`, clientId: `client ${number}`, createdAt, version })
}

/** A studio of so many generations, numbered from 1. */
export function studioOf(count: number) {
  const all = Array.from({ length: count }, (_, index) => numbered(index + 1)).reverse()
  const asked: { limit: number; cursor?: string }[] = []
  const page = async (query: { limit: number; cursor?: string }): Promise<GenerationPage> => {
    asked.push(query)
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    const next = from + query.limit
    return {
      generations: all.slice(from, next),
      nextCursor: next < all.length ? String(next) : null,
      previousCursor: null,
    }
  }
  return { all, asked, page }
}

export const never = () => Promise.reject(new Error('nothing is to be sent'))
export const atOnce = (callback: () => void) => callback()

export function numbers(library: Library): number[] {
  return library.now().rows.map(row => Number(row.key.split(' ')[1]))
}
