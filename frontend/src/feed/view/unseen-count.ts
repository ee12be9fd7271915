import { createSignal } from 'solid-js'
import type { GenerationWindow } from '../../store/generation-window.ts'
import { distanceToEnd, type FeedLayout, isNewestInView } from '../feed-layout.ts'

/** What a reader has seen when the newest row was in view last. */
export interface SeenState {
  /** The place of the newest generation there was. */
  newestKey: string
  /** What was on its way then: it gets its place later. */
  unsent: ReadonlySet<string>
}

/** Keeps count of what has come while the reader was elsewhere. What is in view is seen. */
export function createUnseenCount(first: GenerationWindow) {
  const [unseen, setUnseen] = createSignal(0)
  const [isAway, setAway] = createSignal(false)
  let seen = toSeenState(first)
  let unseenKeys = new Set<string>()

  /** Looks at what is there now, from where the reader is. */
  function update(known: GenerationWindow, layout: FeedLayout, offset: number) {
    const isInView = isNewestInView(layout, offset)
    if (isInView) seen = toSeenState(known)
    unseenKeys = isInView ? new Set() : findUnseen(unseenKeys, known, seen)
    setUnseen(unseenKeys.size)
    setAway(!isInView && (!layout.isNewest || distanceToEnd(layout, offset) > 2 * layout.viewport))
  }

  return { unseen, isAway, look: update }
}

export function toSeenState({ newestKey: newest, unsent: sent }: GenerationWindow): SeenState {
  return { newestKey: newest, unsent: new Set(sent.map(row => row.key)) }
}

/** Those that waited to be seen before, and what is newer than all that was seen; none that was deleted or taken back. */
export function findUnseen(unseenKeys: ReadonlySet<string>, known: GenerationWindow, seen: SeenState): Set<string> {
  const from = known.rows.findLastIndex(row => row.sortKey <= seen.newestKey) + 1
  const newer = [...known.rows.slice(from), ...known.unsent].map(row => row.key)
  const left = [...unseenKeys].filter(
    key => known.byKey.has(key) || known.unloadedNewer.has(key) || known.newer !== 'end',
  )
  const there = [...left, ...newer, ...known.unloadedNewer].filter(
    key => !known.deletedVersions.has(key) && !seen.unsent.has(key),
  )
  return new Set(there)
}
