import { createSignal } from 'solid-js'

export interface PointerAimDeps {
  /** Returns the index of the day at a share of the track's height; undefined if there are no days. */
  indexAt: (share: number) => number | undefined
  /** Called with the index of the day where the pointer was released. */
  onRelease: (index: number) => void
}

/** Creates the pointer handlers of the scrubber, which aim at a day until the pointer is released. */
export function createPointerAim({ indexAt, onRelease }: PointerAimDeps) {
  const [aimedIndex, setAimedIndex] = createSignal<number>()

  function onPointerDown(event: TrackPointerEvent) {
    event.currentTarget.setPointerCapture(event.pointerId)
    setAimedIndex(indexAt(shareOf(event)))
  }

  function onPointerMove(event: TrackPointerEvent) {
    if (aimedIndex() !== undefined) setAimedIndex(indexAt(shareOf(event)))
  }

  function onPointerUp() {
    const index = aimedIndex()
    if (index !== undefined) onRelease(index)
    cancel()
  }

  function cancel() {
    setAimedIndex(undefined)
  }

  const handlers = { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: cancel }
  return { aimedIndex, handlers }
}

type TrackPointerEvent = PointerEvent & { currentTarget: HTMLElement }

/** Returns the pointer's position as a share of the track's height, from 0 to 1. */
function shareOf({ currentTarget, clientY }: TrackPointerEvent): number {
  const { top, height } = currentTarget.getBoundingClientRect()
  return Math.min(Math.max((clientY - top) / height, 0), 1)
}
