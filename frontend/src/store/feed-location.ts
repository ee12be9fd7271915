import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { PageQuery } from '../api.ts'
import { type Generations, ownRows } from './generation-window.ts'
import { joins, type Page } from './window-pages.ts'

/** Where the window can be moved to: the newest generations, a generation, or a time. */
export type Place = 'newest' | Around | { at: string }

/** @property share how far down in its row, as a share of its height */
export interface Around {
  around: string
  share?: number
}

/** Where the window was moved to last. Each landing is another object. */
export interface Landing {
  /** The row to look at; null: the end. */
  key: string | null
  /** How far down in it, as a share of its height. */
  share?: number
}

export type Side = 'older' | 'newer'

type ReadPage = (query: PageQuery) => Promise<GenerationPage>

const PAGE = 100
const PAGES_AGAIN = 12

/** A page at a place, and where that is not the end, the newest generation: what is new is told by it. */
export async function readPlace(
  page: ReadPage,
  place: Place,
  limit: number,
): Promise<{ page: Page; newest?: Generation | undefined }> {
  if (place === 'newest') return { page: await page({ limit }) }
  const [read, newest] = await Promise.all([page({ ...whereIs(place), limit }), page({ limit: 1 })])
  return { page: read, newest: newest.generations[0] }
}

/** What to look at on a page: the generation that was meant, or the first one made from the time on. */
export function landingOf(place: Place, { generations }: Page): Landing {
  if (place === 'newest') return { key: null }
  const isMeant = (generation: Generation) =>
    'around' in place ? generation.id === place.around : Date.parse(generation.createdAt) >= Date.parse(place.at)
  const key = generations.findLast(isMeant)?.clientId ?? generations[0]?.clientId ?? null
  return { key, ...('share' in place && { share: place.share }) }
}

/** How the page beyond an end of the window is asked for; undefined if there is nothing. Where it was cut, a time tells. */
export function queryBeyond(known: Generations, side: Side): Omit<PageQuery, 'limit'> | undefined {
  const edge = known[side]
  if (edge === 'end') return undefined
  if (edge !== 'cut') return { ...edge, direction: side }
  const row = ownRows(known).at(side === 'older' ? 0 : -1)
  return row && { at: row.generation.createdAt }
}

/** Reads a window again, from its newest row or everything newer, back to its oldest. */
export async function readWindow(page: ReadPage, window: Generations): Promise<Page> {
  const first = await readEnd(page, window)
  const [oldest] = ownRows(window)
  let generations: readonly Generation[] = first.generations
  let cursor = first.nextCursor
  for (let read = 0; read < PAGES_AGAIN && cursor !== null && !reaches(generations, oldest?.key); read += 1) {
    const next = await page({ limit: PAGE, cursor })
    generations = [...generations, ...next.generations]
    cursor = next.nextCursor
  }
  return { generations, nextCursor: cursor, previousCursor: first.previousCursor }
}

/** The newest page, if it meets the window; else the one around the window's end. */
async function readEnd(page: ReadPage, window: Generations): Promise<GenerationPage> {
  const last = ownRows(window).at(-1)?.generation
  const newest = window.newer === 'end' || !last ? await page({ limit: PAGE }) : null
  if (newest && (!last || joins(window, newest.generations))) return newest
  return await page({ limit: PAGE, ...(last && { at: last.createdAt }) })
}

function reaches(read: readonly Generation[], key: string | undefined): boolean {
  return key === undefined || read.some(generation => generation.clientId === key)
}

function whereIs(place: Around | { at: string }): { around: string } | { at: string } {
  return 'around' in place ? { around: place.around } : place
}
