import { createSignal } from 'solid-js'
import type { Generations } from '../store/generation-window.ts'
import { type Frame, isNewestInView, leftBelow } from './feed-layout.ts'

/** What a reader has seen when the newest row was in view last. */
export interface Seen {
  /** The place of the newest generation there was. */
  newest: string
  /** What was on its way then: it gets its place later. */
  sent: ReadonlySet<string>
}

/** Keeps count of what has come while the reader was elsewhere. What is in view is seen. */
export function createNewcomers(first: Generations) {
  const [unseen, setUnseen] = createSignal(0)
  const [isAway, setAway] = createSignal(false)
  let seen = seenOf(first)
  let waiting = new Set<string>()

  /** Looks at what is there now, from where the reader is. */
  function look(known: Generations, frame: Frame, offset: number) {
    const inView = isNewestInView(frame, offset)
    if (inView) seen = seenOf(known)
    waiting = inView ? new Set() : unseenOf(waiting, known, seen)
    setUnseen(waiting.size)
    setAway(!inView && (!frame.isNewest || leftBelow(frame, offset) > 2 * frame.viewport))
  }

  return { unseen, isAway, look }
}

export function seenOf({ newest, sent }: Generations): Seen {
  return { newest, sent: new Set(sent.map(row => row.key)) }
}

/** Those that waited to be seen before, and what is newer than all that was seen; none that was deleted or taken back. */
export function unseenOf(waiting: ReadonlySet<string>, known: Generations, seen: Seen): Set<string> {
  const from = known.rows.findLastIndex(row => row.order <= seen.newest) + 1
  const newer = [...known.rows.slice(from), ...known.sent].map(row => row.key)
  const left = [...waiting].filter(key => known.byKey.has(key) || known.beyond.has(key) || known.newer !== 'end')
  const there = [...left, ...newer, ...known.beyond].filter(key => !known.gone.has(key) && !seen.sent.has(key))
  return new Set(there)
}
