import type { PageQuery } from '../api.ts'
import { describeProblem } from '../request-error.ts'
import type { EventBuffer } from './event-buffer.ts'
import { type FetchPage, fetchPageOf, nextPageQuery, PAGE_SIZE, type ScrollTarget, type Side } from './feed-location.ts'
import { addNewer, addOlder } from './window-pages.ts'
import type { WindowState } from './window-state.ts'

export interface PageLoaderDeps {
  state: Pick<WindowState, 'current' | 'loadState' | 'commit'>
  events: Pick<EventBuffer, 'trackLoad' | 'mergeBuffered'>
  fetchPage: FetchPage
  /** Another object after each move of the window. */
  scrollTarget: () => ScrollTarget
}

const ADD_PAGE = { older: addOlder, newer: addNewer }

/** Creates the reading of pages beyond the ends of the window. */
export function createPageLoader({ state, events, fetchPage, scrollTarget }: PageLoaderDeps) {
  const { current, loadState, commit } = state

  /** Reads the page beyond an end of the window, unless there is none or it is being read. */
  async function loadPage(side: Side) {
    const query = nextPageQuery(current(), side)
    if (query && loadState()[side] !== 'loading') await events.trackLoad(() => loadBeyond(side, query))
  }

  /** Reads and adds a page. The result is discarded if the window has been moved meanwhile. */
  async function loadBeyond(side: Side, query: Omit<PageQuery, 'limit'>) {
    const target = scrollTarget()
    const isCurrent = () => target === scrollTarget()
    commit(current(), { [side]: 'loading' })
    try {
      const page = await fetchPageOf(fetchPage, current().query)({ limit: PAGE_SIZE, ...query })
      if (isCurrent()) commit(events.mergeBuffered(ADD_PAGE[side](current(), page)), { [side]: 'idle' })
    } catch (error) {
      if (isCurrent()) commit(current(), { [side]: 'failed', problem: describeProblem(error) })
    }
  }

  return { loadOlder: () => loadPage('older'), loadNewer: () => loadPage('newer') }
}
