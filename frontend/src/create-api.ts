import type { GenerationPage } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import type { Api, PageQuery } from './api.ts'
import { takeEarlyResponse } from './early-responses.ts'
import { parseParts } from './live/parts.ts'
import { toRequestError, UnavailableError } from './request-error.ts'
import type { StudioClient } from './studio-client.ts'
import type { Clock } from './ui/clock.ts'
import { createLoadOnce } from './ui/load-once.ts'

const PARTS_DEADLINE_MS = 4_000
const NOT_LOADED_MESSAGE = 'The studio cannot be reached: a part of this page could not be loaded.'

/**
 * Creates the client of the studio's API. What was requested early is read at once; all else goes through the typed client, which is
 * loaded with the first such request.
 *
 * @param origin of the studio, which is that of this page
 */
export function createApi({ origin, clock }: { origin: string; clock: Clock }): Api {
  const fetcher = async (...request: Parameters<typeof fetch>) => {
    const response = await fetch(...request)
    clock.syncTo(response.headers.get('date'))
    return response
  }
  const client = createLoadOnce(async () => {
    const { createStudioClient } = await import('./studio-client.ts')
    return createStudioClient({ origin, fetcher: fetcher as typeof fetch })
  })

  async function loadClient(): Promise<StudioClient> {
    try {
      return await client.request()
    } catch (cause) {
      throw new UnavailableError(NOT_LOADED_MESSAGE, { cause })
    }
  }

  /** Returns what was requested early; undefined if it was not. */
  async function readEarly<T>(path: string): Promise<T | undefined> {
    const response = await takeEarlyResponse(path)
    if (!response) return undefined
    clock.syncTo(response.headers.get('date'))
    const body: unknown = await response.json().catch(() => null)
    if (response.ok) return body as T
    throw toRequestError({ status: response.status, body, retryAfter: response.headers.get('retry-after') })
  }

  return {
    fetchPage: async query =>
      (await readEarly<GenerationPage>(`/api/generations?${toSearch(query)}`)) ??
      (await (await loadClient()).fetchPage(query)),
    fetchTimeline: async (...request) => await (await loadClient()).fetchTimeline(...request),
    fetchCount: async filters => await (await loadClient()).fetchCount(filters),
    fetchModels: async () => (await readEarly<Model[]>('/api/models')) ?? (await (await loadClient()).fetchModels()),
    fetchParts: () => fetchParts(new URL('/api/parts', origin)),
    generate: async submission => await (await loadClient()).generate(submission),
    cancel: async id => await (await loadClient()).cancel(id),
    reopen: async (...request) => await (await loadClient()).reopen(...request),
    setFavourite: async (...request) => await (await loadClient()).setFavourite(...request),
    remove: async id => await (await loadClient()).remove(id),
    restore: async id => await (await loadClient()).restore(id),
    removeOutput: async (...request) => await (await loadClient()).removeOutput(...request),
    restoreOutput: async (...request) => await (await loadClient()).restoreOutput(...request),
    emptyTrash: async () => await (await loadClient()).emptyTrash(),
  }
}

/** Returns the query of an early request, in the order of its parameters. */
function toSearch(query: PageQuery): string {
  return new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()
}

async function fetchParts(url: URL): Promise<Parts | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PARTS_DEADLINE_MS) })
    return response.ok ? parseParts(await response.json()) : null
  } catch {
    return null
  }
}
