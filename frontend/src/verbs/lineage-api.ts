import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { RejectedError } from '../request-error.ts'
import { fetchFromStudio } from '../studio-fetch.ts'

/** Reads generations that the feed may not have loaded. Each function throws a `RejectedError` or an `UnavailableError`. */
export interface LineageApi {
  /** Returns a generation, also one in the trash; null if there is none (any more). */
  fetchGeneration: (id: string) => Promise<Generation | null>
  /** Returns the generations that were made from another one, newest first. */
  fetchChildren: (id: string) => Promise<readonly Generation[]>
}

const NOT_FOUND = 404
const MAX_CHILDREN = 100

/** Creates the reader of generations by their relations. */
export function createLineageApi(): LineageApi {
  return {
    fetchGeneration: async id => {
      try {
        return await fetchJson<Generation>(`/api/generations/${id}`)
      } catch (error) {
        if (error instanceof RejectedError && error.status === NOT_FOUND) return null
        throw error
      }
    },
    fetchChildren: async id => {
      const page = await fetchJson<GenerationPage>(`/api/generations?parent=${id}&limit=${MAX_CHILDREN}`)
      return page.generations
    },
  }
}

async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetchFromStudio(path)
  return await response.json()
}
