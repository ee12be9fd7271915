import type { Generation } from '@darkroom/contracts/generation'
import type { GenerationCount, TrashEmptied } from '@darkroom/contracts/history/library'
import { treaty } from '@elysiajs/eden'
import type { App as IngestApp } from '../../services/ingest/src/app.ts'
import type { App as QueryApp } from '../../services/query/src/app.ts'
import type { Api } from './api.ts'
import { formatProblem, RejectedError, toRequestError, UNREACHABLE_MESSAGE, UnavailableError } from './request-error.ts'
import { fetchFromStudio } from './studio-fetch.ts'

/** Eden's type requires also the parameters that have a default in the studio. */
type ListQuery = Parameters<ReturnType<typeof treaty<QueryApp>>['api']['generations']['get']>[0]['query']
/** Options of the timeline. Eden's type requires lists where the studio also takes texts with commas between. */
type TimelineOptions = NonNullable<
  Parameters<ReturnType<typeof treaty<QueryApp>>['api']['generations']['timeline']['get']>[0]
>

const DEADLINE_MS = 30_000

/** The requests that are made through Eden's typed client. */
export type StudioClient = Omit<Api, 'fetchParts'>

/** Creates the typed client of the studio's services. @param fetcher sends its requests */
export function createStudioClient({ origin, fetcher }: { origin: string; fetcher: typeof fetch }): StudioClient {
  // By default Eden parses a prompt that looks like a date into a Date.
  const config = { parseDate: false, fetcher }
  const query = treaty<QueryApp>(origin, config)
  const ingest = treaty<IngestApp>(origin, config)
  const generationRoute = (id: string) => ingest.api.generate({ id })
  return {
    fetchPage: async pageQuery =>
      unwrap(await query.api.generations.get({ query: pageQuery as unknown as ListQuery, fetch: createTimeout() })),
    fetchTimeline: async (zone, filters) => {
      const options = { query: { zone, ...filters }, fetch: createTimeout() } as unknown as TimelineOptions
      return unwrap(await query.api.generations.timeline.get(options))
    },
    fetchCount: async filters => {
      const response = await fetchFromStudio(`/api/generations/count?${new URLSearchParams({ ...filters })}`)
      return (await response.json()) as GenerationCount
    },
    fetchModels: async () => unwrap(await query.api.models.get({ fetch: createTimeout() })),
    generate: async submission => unwrap(await ingest.api.generate.post(submission, { fetch: createTimeout() })),
    cancel: async id => unwrap(await generationRoute(id).cancel.post(undefined, { fetch: createTimeout() })),
    reopen: async (id, action) => unwrap(await generationRoute(id)[action].post(undefined, { fetch: createTimeout() })),
    setFavourite: async (id, change) => unwrap(await generationRoute(id).patch(change, { fetch: createTimeout() })),
    remove: async id => void assertSuccess(await generationRoute(id).delete(undefined, { fetch: createTimeout() })),
    restore: async id => unwrap(await generationRoute(id).restore.post(undefined, { fetch: createTimeout() })),
    removeOutput: async (id, index) =>
      (await (await fetchFromStudio(outputPath(id, index), { method: 'DELETE' })).json()) as Generation,
    restoreOutput: async (id, index) =>
      (await (await fetchFromStudio(`${outputPath(id, index)}/restore`, { method: 'POST' })).json()) as Generation,
    emptyTrash: async () => (await (await fetchFromStudio('/api/trash', { method: 'DELETE' })).json()) as TrashEmptied,
  }
}

function outputPath(id: string, index: number): string {
  return `/api/generate/${id}/outputs/${index}`
}

interface TreatyResult<T> {
  data: T | null
  error: { status: unknown; value: unknown } | null
  response: Response | undefined
}

function unwrap<T>(result: TreatyResult<T>): Exclude<T, Response> {
  const response = assertSuccess(result)
  const { data } = result
  if (data === null || data instanceof Response) throw new RejectedError(formatProblem(null, response.status))
  return data as Exclude<T, Response>
}

function assertSuccess({ error, response }: TreatyResult<unknown>): Response {
  if (!response) throw new UnavailableError(UNREACHABLE_MESSAGE, { cause: error?.value })
  if (!error) return response
  throw toRequestError({
    status: response.status,
    body: error.value,
    retryAfter: response.headers.get('retry-after'),
  })
}

function createTimeout(): RequestInit {
  return { signal: AbortSignal.timeout(DEADLINE_MS) }
}
