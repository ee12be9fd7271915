import type {
  Cancellation,
  FavouriteChange,
  Generation,
  GenerationPage,
  Submission,
} from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Problem } from '@darkroom/contracts/problem'
import type { Timeline } from '@darkroom/contracts/timeline'
import { treaty } from '@elysiajs/eden'
import type { App as IngestApp } from '../../services/ingest/src/app.ts'
import type { App as QueryApp } from '../../services/query/src/app.ts'
import type { Clock } from './ui/clock.ts'

/** A refusal in the studio's own words. */
export class RejectedError extends Error {
  override readonly name = 'Refusal'
}

/** No answer came: the person is offline, the studio is down, or it took too long. */
export class UnreachableError extends Error {
  override readonly name = 'OutOfReach'
}

/** Which page: after or before a cursor, around a generation, or at a time; else the newest. */
export interface PageQuery {
  limit: number
  cursor?: string
  direction?: 'older' | 'newer'
  around?: string
  at?: string
}

export interface Api {
  /** A page of generations, newest first. @throws Refusal, OutOfReach */
  fetchPage(query: PageQuery): Promise<GenerationPage>
  /** How many were made on each day, newest first. @param zone whose days @throws Refusal, OutOfReach */
  fetchTimeline(zone: string): Promise<Timeline>
  /** What can be asked for, of which model. @throws Refusal, OutOfReach */
  fetchModels(): Promise<Model[]>
  /** Asks for pictures; the same `clientId` twice is one generation. @throws Refusal, OutOfReach */
  generate(submission: Submission): Promise<Generation>
  /** Stops a generation; the note says what that means. @throws Refusal, OutOfReach */
  cancel(id: string): Promise<Cancellation>
  /** Has a generation that has ended worked on again. @throws Refusal, OutOfReach */
  reopen(id: string, verb: 'retry' | 'check' | 'complete'): Promise<Generation>
  /** Marks a picture, or takes the mark away. @throws Refusal, OutOfReach */
  setFavourite(id: string, change: FavouriteChange): Promise<Generation>
  /** Puts a generation into the trash. @throws Refusal, OutOfReach */
  remove(id: string): Promise<void>
  /** Takes a generation out of the trash. @throws Refusal, OutOfReach */
  restore(id: string): Promise<Generation>
}

/** Eden asks for every parameter that the studio has a default for. */
type ListQuery = Parameters<ReturnType<typeof treaty<QueryApp>>['api']['generations']['get']>[0]['query']

const DEADLINE_MS = 30_000
const UNREACHABLE_MESSAGE = 'The studio cannot be reached.'

/** @param origin of the studio, which is where this page came from */
export function createApi({ origin, clock }: { origin: string; clock: Clock }): Api {
  const fetcher = async (...request: Parameters<typeof fetch>) => {
    const response = await fetch(...request)
    clock.syncTo(response.headers.get('date'))
    return response
  }
  // Unless told not to, Eden reads a prompt that looks like a date as a Date.
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
    generate: async submission => unwrap(await ingest.api.generate.post(submission, { fetch: createTimeout() })),
    cancel: async id => unwrap(await generationRoute(id).cancel.post(undefined, { fetch: createTimeout() })),
    reopen: async (id, verb) => unwrap(await generationRoute(id)[verb].post(undefined, { fetch: createTimeout() })),
    setFavourite: async (id, change) => unwrap(await generationRoute(id).patch(change, { fetch: createTimeout() })),
    remove: async id => void assertSuccess(await generationRoute(id).delete(undefined, { fetch: createTimeout() })),
    restore: async id => unwrap(await generationRoute(id).restore.post(undefined, { fetch: createTimeout() })),
  }
}

/** What a failure says to the person. */
export function describeProblem(error: unknown): string {
  return error instanceof RejectedError || error instanceof UnreachableError
    ? error.message
    : 'Something went wrong in this page.'
}

/**
 * What a problem document says to the person: what is wrong with each part of the request, else what is wrong with all of it.
 *
 * @param subject named instead of the parts, where the person knows only of one
 */
export function formatProblem(value: unknown, status: number, subject?: string): string {
  const problem = value as Partial<Problem> | null
  const errors = problem?.errors?.map(({ path, message }) => toSentence(`${subject ?? path} ${message}`)) ?? []
  if (errors.length > 0) return [...new Set(errors)].join(' ')
  return problem?.detail ?? `The studio answered with an error (${status}).`
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
  if (!response) throw new UnreachableError(UNREACHABLE_MESSAGE, { cause: error?.value })
  // A gateway without its services answers like this, and there is nothing the person could change.
  if (response.status === 502 || response.status === 504) throw new UnreachableError(UNREACHABLE_MESSAGE)
  if (error) throw new RejectedError(formatProblem(error.value, response.status))
  return response
}

function toSentence(message: string): string {
  const text = message.trim()
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

function createTimeout(): RequestInit {
  return { signal: AbortSignal.timeout(DEADLINE_MS) }
}
