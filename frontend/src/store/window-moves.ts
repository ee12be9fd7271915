import { isSameQuery, type ListQuery } from '../library/list-query.ts'
import { describeProblem, UnavailableError } from '../request-error.ts'
import type { EventBuffer } from './event-buffer.ts'
import {
  type FeedLocation,
  type FetchPage,
  fetchLocation,
  fetchPageOf,
  jumpSizeOf,
  type LocationRead,
  type ScrollTarget,
  toScrollTarget,
} from './feed-location.ts'
import { recordNewest } from './merge.ts'
import { replaceWindow } from './window-pages.ts'
import type { WindowState } from './window-state.ts'

export interface WindowMovesDeps {
  state: Pick<WindowState, 'current' | 'commit'>
  events: Pick<EventBuffer, 'trackLoad' | 'mergeBuffered'>
  fetchPage: FetchPage
}

/** A first page is smaller, to be shown sooner. */
export const FIRST_PAGE_SIZE = 50

/** Creates the moves of the window to a location. The last move requested wins. */
export function createWindowMoves({ state, events, fetchPage }: WindowMovesDeps) {
  const { current, commit } = state
  let scrollTarget: ScrollTarget = { key: null }
  let moveCount = 0

  /**
   * Reads the first page of a list: the newest, or the one at a location.
   *
   * @returns false if that location does not exist; then the newest page is read instead
   */
  async function open(location: FeedLocation = 'newest', query = current().query): Promise<boolean> {
    commit(current(), { first: 'loading', problem: null })
    try {
      await events.trackLoad(() => showLocation(location, FIRST_PAGE_SIZE, query))
      return true
    } catch (error) {
      const isNotFound = location !== 'newest' && !(error instanceof UnavailableError)
      if (isNotFound) await open('newest', query)
      if (!isNotFound) commit(current(), { first: 'failed', problem: describeProblem(error) })
      return !isNotFound
    }
  }

  /**
   * Moves the window to another location, of the same list or of another one.
   *
   * @param read the page, if it was read ahead; it is ended
   * @throws RejectedError, UnavailableError
   */
  async function moveWindow(location: FeedLocation, query = current().query, read?: LocationRead): Promise<void> {
    const move = moveCount + 1
    commit(current(), { isMoving: true })
    try {
      await events.trackLoad(() => showLocation(location, jumpSizeOf(location), query, read))
    } finally {
      read?.end()
      if (move === moveCount) commit(current(), { isMoving: false })
    }
  }

  /** Reads the page at a location of the list, for a move there. Events are buffered until the read is ended. */
  function readLocation(location: FeedLocation): LocationRead {
    const { query } = current()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    void events.trackLoad(() => ended)
    const page = fetchLocation(fetchPageOf(fetchPage, query), location, jumpSizeOf(location))
    return { location, query, page, end }
  }

  async function showLocation(location: FeedLocation, limit: number, query: ListQuery, read?: LocationRead) {
    moveCount += 1
    const move = moveCount
    const isRead = read !== undefined && isSameQuery(read.query, query)
    const { page, newest } = await (isRead ? read.page : fetchLocation(fetchPageOf(fetchPage, query), location, limit))
    if (move !== moveCount) return
    scrollTarget = toScrollTarget(location, page)
    const moved = recordNewest(replaceWindow(current(), page, query), newest)
    commit(events.mergeBuffered(moved), { first: 'ready', older: 'idle', newer: 'idle' })
  }

  return { open, moveWindow, readLocation, scrollTarget: () => scrollTarget }
}
