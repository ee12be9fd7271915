import { createSignal } from 'solid-js'
import { countNew, type Frame, isNewestInView, leftBelow } from './frame.ts'

/** Keeps count of what has come while the reader was elsewhere. What is in view is seen. */
export function createNewcomers() {
  const [unseen, setUnseen] = createSignal(0)
  const [isAway, setAway] = createSignal(false)
  let lastSeen: string | undefined

  function look(frame: Frame, offset: number) {
    const inView = isNewestInView(frame, offset)
    if (inView) lastSeen = frame.rows.at(-1)?.key
    setUnseen(inView ? 0 : countNew(frame, lastSeen))
    setAway(!inView && leftBelow(frame, offset) > 2 * frame.viewport)
  }

  return { unseen, isAway, look }
}
