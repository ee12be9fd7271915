import type { Generation } from '@darkroom/contracts/generation'
import type { EventBuffer } from './event-buffer.ts'
import { type FetchPage, fetchPageOf, fetchWindow, PAGE_SIZE, type ScrollTarget } from './feed-location.ts'
import type { GenerationWindow } from './generation-window.ts'
import { mergeFound } from './merge.ts'
import { reconcileWindow } from './window-pages.ts'
import type { WindowState } from './window-state.ts'

export interface WindowReloadDeps {
  state: Pick<WindowState, 'current' | 'loadState' | 'commit'>
  events: Pick<EventBuffer, 'trackLoad' | 'mergeBuffered' | 'pendingLoads'>
  fetchPage: FetchPage
  /** Another object after each move of the window. */
  scrollTarget: () => ScrollTarget
  /** Reads the first page. */
  open: () => Promise<boolean>
}

/** Creates the reload of the window where it is, after a gap in the events. */
export function createWindowReload({ state, events, fetchPage, scrollTarget, open }: WindowReloadDeps) {
  /**
   * Reads the window again, and once more after every read that was under way before: those pages, too, may be older than the
   * gap.
   *
   * @throws RejectedError, UnavailableError
   */
  async function reload(): Promise<void> {
    const pendingBefore = events.pendingLoads()
    if (state.loadState().first === 'ready') await reloadWindow()
    await Promise.allSettled(pendingBefore)
    if (state.loadState().first === 'failed') return void (await open())
    if (pendingBefore.length > 0) await reloadWindow()
  }

  /** Reads the window again. If it is moved meanwhile, it is read again at its new location. */
  async function reloadWindow(): Promise<void> {
    const before = state.current()
    const target = scrollTarget()
    await events.trackLoad(async () => {
      const fetchListed = fetchPageOf(fetchPage, before.query)
      const [page, newer] = await Promise.all([fetchWindow(fetchListed, before), fetchNewer(fetchListed, before)])
      if (target !== scrollTarget()) return
      const window = reconcileWindow(state.current(), page, before)
      state.commit(events.mergeBuffered(mergeFound(window, newer)))
    })
    if (target !== scrollTarget()) await reloadWindow()
  }

  return { reload }
}

/** Fetches the newest generations, where the window does not reach them: of those made in the gap there was no event. */
async function fetchNewer(fetchListed: FetchPage, { newer }: GenerationWindow): Promise<readonly Generation[]> {
  return newer === 'end' ? [] : (await fetchListed({ limit: PAGE_SIZE })).generations
}
