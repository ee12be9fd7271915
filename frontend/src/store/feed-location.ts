import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { PageQuery } from '../api.ts'
import { type ListQuery, toListParameters } from '../library/list-query.ts'
import { confirmedRows, type GenerationWindow } from './generation-window.ts'
import { overlaps, type Page } from './window-pages.ts'

/** A location that the window can be moved to: the newest generations, a generation, or a time. */
export type FeedLocation = 'newest' | AroundLocation | { at: string }

/** @property share position within its row, as a share of the row's height */
export interface AroundLocation {
  around: string
  share?: number
}

/** The scroll target of the last move of the window. Each move has a new object. */
export interface ScrollTarget {
  /** The row to scroll to; null: the end. */
  key: string | null
  /** Position within the row, as a share of its height. */
  share?: number
}

export type Side = 'older' | 'newer'

export type FetchPage = (query: PageQuery) => Promise<GenerationPage>

/** Returns the fetch of pages of a list. */
export function fetchPageOf(fetchPage: FetchPage, query: ListQuery): FetchPage {
  return pageQuery => fetchPage({ ...pageQuery, ...toListParameters(query) })
}

/** Generations of a page that is read after the first one. */
export const PAGE_SIZE = 100
/** Those of a page that the window is moved to fill several views. The pages beside it are read once they are painted. */
const JUMP_PAGE_SIZE = 32
const MAX_RELOADED_PAGES = 12

/** The page at a location, and the newest generation where that was read too. */
export interface LocationPage {
  page: Page
  newest?: Generation | undefined
}

/** A page that is read before the window is moved to it. */
export interface LocationRead {
  location: FeedLocation
  query: ListQuery
  page: Promise<LocationPage>
  /** Ends the buffering of events. The page must not be used after that. */
  end(): void
}

/** Returns the number of generations to read for a move to a location. */
export function jumpSizeOf(location: FeedLocation): number {
  return location === 'newest' ? PAGE_SIZE : JUMP_PAGE_SIZE
}

/** Fetches the page at a location, and where that is not the end, the newest generation: unseen generations are counted from it. */
export async function fetchLocation(
  fetchPage: FetchPage,
  location: FeedLocation,
  limit: number,
): Promise<LocationPage> {
  if (location === 'newest') return { page: await fetchPage({ limit }) }
  const [page, newest] = await Promise.all([fetchPage({ ...toPageQuery(location), limit }), fetchPage({ limit: 1 })])
  return { page, newest: newest.generations[0] }
}

/** Returns the row of a page to scroll to: the requested generation, or the first one made at or after the requested time. */
export function toScrollTarget(location: FeedLocation, { generations }: Page): ScrollTarget {
  if (location === 'newest') return { key: null }
  const isTarget = (generation: Generation) =>
    'around' in location
      ? generation.id === location.around
      : Date.parse(generation.createdAt) >= Date.parse(location.at)
  const key = generations.findLast(isTarget)?.clientId ?? generations[0]?.clientId ?? null
  return { key, ...('share' in location && { share: location.share }) }
}

/** Returns the query for the page beyond an end of the window: by cursor, or by time where rows were cut; undefined if there is none. */
export function nextPageQuery(window: GenerationWindow, side: Side): Omit<PageQuery, 'limit'> | undefined {
  const edge = window[side]
  if (edge === 'end') return undefined
  if (edge !== 'cut') return { ...edge, direction: side }
  const row = confirmedRows(window).at(side === 'older' ? 0 : -1)
  return row && { at: row.generation.createdAt }
}

/** Reads a window again, from its newest row or everything newer, back to its oldest. */
export async function fetchWindow(fetchPage: FetchPage, window: GenerationWindow): Promise<Page> {
  const first = await fetchWindowEnd(fetchPage, window)
  const [oldest] = confirmedRows(window)
  let generations: readonly Generation[] = first.generations
  let cursor = first.nextCursor
  for (let read = 0; read < MAX_RELOADED_PAGES && cursor !== null; read += 1) {
    if (includesKey(generations, oldest?.key)) break
    const next = await fetchPage({ limit: PAGE_SIZE, cursor })
    generations = [...generations, ...next.generations]
    cursor = next.nextCursor
  }
  return { generations, nextCursor: cursor, previousCursor: first.previousCursor }
}

/** Fetches the newest page, if it overlaps the window; else the one around the window's newest row. */
async function fetchWindowEnd(fetchPage: FetchPage, window: GenerationWindow): Promise<GenerationPage> {
  const last = confirmedRows(window).at(-1)?.generation
  const newest = window.newer === 'end' || !last ? await fetchPage({ limit: PAGE_SIZE }) : null
  if (newest && (!last || overlaps(window, newest.generations))) return newest
  return await fetchPage({ limit: PAGE_SIZE, ...(last && { at: last.createdAt }) })
}

function includesKey(read: readonly Generation[], key: string | undefined): boolean {
  return key === undefined || read.some(generation => generation.clientId === key)
}

function toPageQuery(location: AroundLocation | { at: string }): { around: string } | { at: string } {
  return 'around' in location ? { around: location.around } : location
}
