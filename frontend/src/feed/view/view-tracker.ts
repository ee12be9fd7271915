import { type Accessor, createSignal } from 'solid-js'
import type { Side } from '../../store/feed-location.ts'
import type { GenerationWindow } from '../../store/generation-window.ts'
import type { LoadState } from '../../store/window-state.ts'
import { type FeedLayout, findAnchorIndex } from '../feed-layout.ts'
import { type ReadAheadInput, sidesToRead } from './read-ahead.ts'
import { createUnseenCount } from './unseen-count.ts'

export interface ViewTrackerDeps {
  store: {
    current: () => GenerationWindow
    loadState: () => LoadState
    loadOlder: () => Promise<void>
    loadNewer: () => Promise<void>
  }
  feedLayout: Accessor<FeedLayout>
  scrollOffset: () => number
  /** Indexes of the rows in view. */
  visibleRange: () => ReadAheadInput['range']
  /** Whether the view jumps: pages that are read meanwhile would delay what it jumps to. */
  isJumping: () => boolean
}

/** Creates the record of what is in view: the row being read, the unseen generations, and the pages to read ahead. */
export function createViewTracker({ store, feedLayout, scrollOffset, visibleRange, isJumping }: ViewTrackerDeps) {
  const [anchorKey, setAnchorKey] = createSignal<string>()
  const unseenCount = createUnseenCount(store.current())
  const load: Record<Side, () => Promise<void>> = { older: store.loadOlder, newer: store.loadNewer }

  /** Records what is in view now, and reads the pages that the user is about to reach. */
  function track() {
    const layout = feedLayout()
    unseenCount.update(store.current(), layout, scrollOffset())
    setAnchorKey(layout.rows[findAnchorIndex(layout, scrollOffset())]?.key)
    if (isJumping()) return
    const input = { range: visibleRange(), rowCount: layout.rows.length, loadState: store.loadState() }
    for (const side of sidesToRead(input)) void load[side]()
  }

  return { anchorKey, unseen: unseenCount.unseen, isAway: unseenCount.isAway, track }
}
