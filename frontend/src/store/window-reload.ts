import type { EventBuffer } from './event-buffer.ts'
import { type FetchPage, fetchPageOf, fetchWindow, type ScrollTarget } from './feed-location.ts'
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
      const page = await fetchWindow(fetchPageOf(fetchPage, before.query), before)
      if (target !== scrollTarget()) return
      state.commit(events.mergeBuffered(reconcileWindow(state.current(), page, before)))
    })
    if (target !== scrollTarget()) await reloadWindow()
  }

  return { reload }
}
