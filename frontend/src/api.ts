import type {
  Cancellation,
  FavouriteChange,
  Generation,
  GenerationPage,
  Submission,
} from '@darkroom/contracts/generation'
import type { Timeline } from '@darkroom/contracts/history/timeline'
import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import { treaty } from '@elysiajs/eden'
import type { App as IngestApp } from '../../services/ingest/src/app.ts'
import type { App as QueryApp } from '../../services/query/src/app.ts'
import { parseParts } from './live/parts.ts'
import { formatProblem, RejectedError, toRequestError, UNREACHABLE_MESSAGE, UnavailableError } from './request-error.ts'
import type { Clock } from './ui/clock.ts'

/** Selects a page: after or before a cursor, around a generation, or at a time; the newest one without any of them. */
export interface PageQuery {
  limit: number
  cursor?: string
  direction?: 'older' | 'newer'
  around?: string
  at?: string
}

/** The studio's HTTP API. Each function but `fetchParts` throws a `RejectedError` or an `UnavailableError`. */
export interface Api {
  /** Returns a page of generations, newest first. */
  fetchPage(query: PageQuery): Promise<GenerationPage>
  /** Returns the number of generations of each day, newest first. @param zone IANA time zone of the days */
  fetchTimeline(zone: string): Promise<Timeline>
  /** Returns the models with what each offers. */
  fetchModels(): Promise<Model[]>
  /** Returns the state of the studio's parts; null if it cannot be read. */
  fetchParts(): Promise<Parts | null>
  /** Submits a generation. It is idempotent by `clientId`. */
  generate(submission: Submission): Promise<Generation>
  /** Cancels a generation. The `note` of the result is for the user. */
  cancel(id: string): Promise<Cancellation>
  /** Reopens a generation that has ended. */
  reopen(id: string, action: 'retry' | 'check' | 'complete'): Promise<Generation>
  /** Sets or clears the favourite flag of an output. */
  setFavourite(id: string, change: FavouriteChange): Promise<Generation>
  /** Moves a generation to the trash. */
  remove(id: string): Promise<void>
  /** Restores a generation from the trash. */
  restore(id: string): Promise<Generation>
}

/** Eden's type requires also the parameters that have a default in the studio. */
type ListQuery = Parameters<ReturnType<typeof treaty<QueryApp>>['api']['generations']['get']>[0]['query']

const DEADLINE_MS = 30_000
const PARTS_DEADLINE_MS = 4_000

/** Creates the client of the studio's API. @param origin of the studio, which is that of this page */
export function createApi({ origin, clock }: { origin: string; clock: Clock }): Api {
  const fetcher = async (...request: Parameters<typeof fetch>) => {
    const response = await fetch(...request)
    clock.syncTo(response.headers.get('date'))
    return response
  }
  // By default Eden parses a prompt that looks like a date into a Date.
  const config = { parseDate: false, fetcher: fetcher as typeof fetch }
  const query = treaty<QueryApp>(origin, config)
  const ingest = treaty<IngestApp>(origin, config)
  const generationRoute = (id: string) => ingest.api.generate({ id })
  return {
    fetchPage: async pageQuery =>
      unwrap(await query.api.generations.get({ query: pageQuery as ListQuery, fetch: createTimeout() })),
    fetchTimeline: async zone =>
      unwrap(await query.api.generations.timeline.get({ query: { zone }, fetch: createTimeout() })),
    fetchModels: async () => unwrap(await query.api.models.get({ fetch: createTimeout() })),
    fetchParts: () => fetchParts(new URL('/api/parts', origin)),
    generate: async submission => unwrap(await ingest.api.generate.post(submission, { fetch: createTimeout() })),
    cancel: async id => unwrap(await generationRoute(id).cancel.post(undefined, { fetch: createTimeout() })),
    reopen: async (id, action) => unwrap(await generationRoute(id)[action].post(undefined, { fetch: createTimeout() })),
    setFavourite: async (id, change) => unwrap(await generationRoute(id).patch(change, { fetch: createTimeout() })),
    remove: async id => void assertSuccess(await generationRoute(id).delete(undefined, { fetch: createTimeout() })),
    restore: async id => unwrap(await generationRoute(id).restore.post(undefined, { fetch: createTimeout() })),
  }
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

async function fetchParts(url: URL): Promise<Parts | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PARTS_DEADLINE_MS) })
    return response.ok ? parseParts(await response.json()) : null
  } catch {
    return null
  }
}

function createTimeout(): RequestInit {
  return { signal: AbortSignal.timeout(DEADLINE_MS) }
}
