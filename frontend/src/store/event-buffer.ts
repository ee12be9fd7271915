import type { Generation } from '@darkroom/contracts/generation'
import type { GenerationWindow } from './generation-window.ts'
import { dropGenerations, merge } from './merge.ts'
import type { WindowState } from './window-state.ts'

export interface EventBufferDeps {
  state: Pick<WindowState, 'current' | 'loadState' | 'commit'>
}

export type EventBuffer = ReturnType<typeof createEventBuffer>

/**
 * Creates the buffer of events that arrive while pages are read. A page may be older than an event that overtook it, so buffered
 * events are merged again once the page is there.
 */
export function createEventBuffer({ state }: EventBufferDeps) {
  let events: Generation[] = []
  const loads = new Set<Promise<void>>()
  const isReady = () => state.loadState().first === 'ready'

  /** Merges events into the window, and buffers them while any page is being read. */
  function receive(generations: Generation[]) {
    if (loads.size > 0 || !isReady()) events = [...events, ...generations]
    if (isReady()) state.commit(merge(state.current(), generations))
  }

  /** Drops generations that are deleted permanently. */
  function drop(ids: ReadonlySet<string>) {
    state.commit(dropGenerations(state.current(), ids))
  }

  /** Runs a read of pages. The buffer is emptied when the last one under way has ended. */
  async function trackLoad(load: () => Promise<void>): Promise<void> {
    const loading = load()
    loads.add(loading)
    try {
      await loading
    } finally {
      loads.delete(loading)
      if (loads.size === 0 && isReady()) events = []
    }
  }

  /** Merges the buffered events into a window that a page was just added to. */
  function mergeBuffered(window: GenerationWindow): GenerationWindow {
    return merge(window, events)
  }

  return { receive, drop, trackLoad, mergeBuffered, pendingLoads: () => [...loads] }
}
