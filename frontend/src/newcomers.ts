import { createSignal } from 'solid-js'
import { type Frame, isNewestInView, leftBelow } from './frame.ts'
import type { Generations } from './rows.ts'

/** Keeps count of what has come while the reader was elsewhere. What is in view is seen. */
export function createNewcomers(first: Generations) {
  const [unseen, setUnseen] = createSignal(0)
  const [isAway, setAway] = createSignal(false)
  let lastSeen = first.newest
  let waiting = new Set<string>()

  /** Looks at what is there now, from where the reader is. */
  function look(known: Generations, frame: Frame, offset: number) {
    const inView = isNewestInView(frame, offset)
    if (inView) lastSeen = frame.rows.at(-1)?.order ?? lastSeen
    waiting = inView ? new Set() : unseenOf(waiting, known, lastSeen)
    setUnseen(waiting.size)
    setAway(!inView && (!frame.isNewest || leftBelow(frame, offset) > 2 * frame.viewport))
  }

  return { unseen, isAway, look }
}

/** Those that were waiting to be seen, those newer than the last one seen, and those beyond the window; none that was deleted. */
function unseenOf(waiting: ReadonlySet<string>, known: Generations, lastSeen: string): Set<string> {
  const from = known.rows.findLastIndex(row => row.order <= lastSeen) + 1
  const inWindow = known.rows.slice(from).map(row => row.key)
  const there = [...waiting, ...inWindow, ...known.beyond].filter(key => !known.gone.has(key))
  return new Set(there)
}
