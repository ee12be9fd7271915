import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import type { GenerationStore } from './store/generation-store.ts'
import type { GenerationWindow } from './store/generation-window.ts'
import { countReady, formatReadyCount } from './ui/format.ts'

/** Creates the text of the page's live region for screen readers: `2 of 4 ready` when another output is ready. */
export function createAnnouncement(store: Pick<GenerationStore, 'subscribe'>): Accessor<string> {
  const [announcement, setAnnouncement] = createSignal('')
  onMount(() => {
    const unsubscribe = store.subscribe((now, before) => {
      const text = describeNewlyReady(now, before)
      if (text !== undefined) setAnnouncement(text)
    })
    onCleanup(unsubscribe)
  })
  return announcement
}

/** Returns `2 of 4 ready` for the newest row that has more ready outputs than before; undefined if there is none. */
function describeNewlyReady(now: GenerationWindow, before: GenerationWindow): string | undefined {
  const grown = now.rows.findLast(row => {
    const old = before.byKey.get(row.key)
    return old && old !== row && countReady(row.generation) > countReady(old.generation)
  })
  return grown && formatReadyCount(grown.generation)
}
