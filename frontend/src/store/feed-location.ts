import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { PageQuery } from '../api.ts'
import { confirmedRows, type GenerationWindow } from './generation-window.ts'
import { overlaps, type Page } from './window-pages.ts'

/** Where the window can be moved to: the newest generations, a generation, or a time. */
export type FeedLocation = 'newest' | AroundLocation | { at: string }

/** @property share how far down in its row, as a share of its height */
export interface AroundLocation {
  around: string
  share?: number
}

/** Where the window was moved to last. Each landing is another object. */
export interface ScrollTarget {
  /** The row to look at; null: the end. */
  key: string | null
  /** How far down in it, as a share of its height. */
  share?: number
}

export type Side = 'older' | 'newer'

type FetchPage = (query: PageQuery) => Promise<GenerationPage>

const PAGE_SIZE = 100
const MAX_RELOADED_PAGES = 12

/** A page at a place, and where that is not the end, the newest generation: what is new is told by it. */
export async function fetchLocation(
  page: FetchPage,
  location: FeedLocation,
  limit: number,
): Promise<{ page: Page; newest?: Generation | undefined }> {
  if (location === 'newest') return { page: await page({ limit }) }
  const [read, newest] = await Promise.all([page({ ...toPageQuery(location), limit }), page({ limit: 1 })])
  return { page: read, newest: newest.generations[0] }
}

/** What to look at on a page: the generation that was meant, or the first one made from the time on. */
export function toScrollTarget(location: FeedLocation, { generations }: Page): ScrollTarget {
  if (location === 'newest') return { key: null }
  const isTarget = (generation: Generation) =>
    'around' in location
      ? generation.id === location.around
      : Date.parse(generation.createdAt) >= Date.parse(location.at)
  const key = generations.findLast(isTarget)?.clientId ?? generations[0]?.clientId ?? null
  return { key, ...('share' in location && { share: location.share }) }
}

/** How the page beyond an end of the window is asked for; undefined if there is nothing. Where it was cut, a time tells. */
export function nextPageQuery(known: GenerationWindow, side: Side): Omit<PageQuery, 'limit'> | undefined {
  const edge = known[side]
  if (edge === 'end') return undefined
  if (edge !== 'cut') return { ...edge, direction: side }
  const row = confirmedRows(known).at(side === 'older' ? 0 : -1)
  return row && { at: row.generation.createdAt }
}

/** Reads a window again, from its newest row or everything newer, back to its oldest. */
export async function fetchWindow(page: FetchPage, window: GenerationWindow): Promise<Page> {
  const first = await fetchWindowEnd(page, window)
  const [oldest] = confirmedRows(window)
  let generations: readonly Generation[] = first.generations
  let cursor = first.nextCursor
  for (
    let read = 0;
    read < MAX_RELOADED_PAGES && cursor !== null && !includesKey(generations, oldest?.key);
    read += 1
  ) {
    const next = await page({ limit: PAGE_SIZE, cursor })
    generations = [...generations, ...next.generations]
    cursor = next.nextCursor
  }
  return { generations, nextCursor: cursor, previousCursor: first.previousCursor }
}

/** The newest page, if it meets the window; else the one around the window's end. */
async function fetchWindowEnd(page: FetchPage, window: GenerationWindow): Promise<GenerationPage> {
  const last = confirmedRows(window).at(-1)?.generation
  const newest = window.newer === 'end' || !last ? await page({ limit: PAGE_SIZE }) : null
  if (newest && (!last || overlaps(window, newest.generations))) return newest
  return await page({ limit: PAGE_SIZE, ...(last && { at: last.createdAt }) })
}

function includesKey(read: readonly Generation[], key: string | undefined): boolean {
  return key === undefined || read.some(generation => generation.clientId === key)
}

function toPageQuery(location: AroundLocation | { at: string }): { around: string } | { at: string } {
  return 'around' in location ? { around: location.around } : location
}
