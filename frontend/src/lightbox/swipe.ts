export interface SwipeOptions {
  onLeft: () => void
  onRight: () => void
}

/** A shorter movement is not a swipe. */
const MIN_SWIPE_PX = 60

/** Creates the touch handlers that detect a horizontal swipe with one finger. */
export function createSwipe({ onLeft, onRight }: SwipeOptions) {
  let startX: number | undefined

  function onTouchStart(event: TouchEvent) {
    startX = event.touches.length === 1 ? event.touches[0]?.clientX : undefined
  }

  function onTouchEnd(event: TouchEvent) {
    const moved = (event.changedTouches[0]?.clientX ?? 0) - (startX ?? 0)
    const isSwipe = startX !== undefined && Math.abs(moved) > MIN_SWIPE_PX
    startX = undefined
    if (isSwipe && moved > 0) onRight()
    if (isSwipe && moved < 0) onLeft()
  }

  return { onTouchStart, onTouchEnd }
}
