import { createSignal } from 'solid-js'
import { isPlain } from '../../library/list-query.ts'
import type { GenerationWindow } from '../../store/generation-window.ts'
import { distanceToEnd, type FeedLayout, isNewestInView } from '../feed-layout.ts'

/** Generations that the user has seen: all there were when the newest row was in view last. */
export interface SeenState {
  /** Sort key of the newest generation there was. */
  newestKey: string
  /** Keys of submissions that were on their way then. They get their sort key later. */
  unsent: ReadonlySet<string>
}

/** Creates the count of generations that arrived while the newest row was not in view. */
export function createUnseenCount(first: GenerationWindow) {
  const [unseen, setUnseen] = createSignal(0)
  const [isAway, setAway] = createSignal(false)
  let { query } = first
  let seen = toSeenState(first)
  let unseenKeys = new Set<string>()

  /** Updates the count for the current window and scroll offset. */
  function update(current: GenerationWindow, layout: FeedLayout, offset: number) {
    const isInView = isNewestInView(layout, offset)
    // Another list begins with nothing unseen.
    if (isInView || current.query !== query) seen = toSeenState(current)
    unseenKeys = isInView || current.query !== query ? new Set() : findUnseen(unseenKeys, current, seen)
    query = current.query
    setUnseen(unseenKeys.size)
    setAway(!isInView && (!layout.isNewest || distanceToEnd(layout, offset) > 2 * layout.viewport))
  }

  return { unseen, isAway, update }
}

export function toSeenState({ newestKey, unsent }: GenerationWindow): SeenState {
  return { newestKey, unsent: new Set(unsent.map(row => row.key)) }
}

/** Returns the keys that were unseen before and those newer than all that was seen, without deleted and discarded ones. */
export function findUnseen(unseenKeys: ReadonlySet<string>, current: GenerationWindow, seen: SeenState): Set<string> {
  const from = current.rows.findLastIndex(row => row.sortKey <= seen.newestKey) + 1
  const unsent = isPlain(current.query) ? current.unsent : []
  const newer = [...current.rows.slice(from), ...unsent].map(row => row.key)
  const left = [...unseenKeys].filter(
    key => current.byKey.has(key) || current.unloadedNewer.has(key) || current.newer !== 'end',
  )
  const present = [...left, ...newer, ...current.unloadedNewer].filter(
    key => !current.deletedVersions.has(key) && !seen.unsent.has(key),
  )
  return new Set(present)
}
