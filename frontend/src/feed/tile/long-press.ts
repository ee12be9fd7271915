const LONG_PRESS_MS = 450
/** A finger that moves farther scrolls, in CSS pixels. */
const MOVE_TOLERANCE = 10

/** Creates the handlers of a long press by touch or pen. The click that follows it is reported as part of it. */
export function createLongPress(onLongPress: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let start = { x: 0, y: 0 }
  let isPressed = false

  function cancel() {
    clearTimeout(timer)
  }

  function onPointerDown(event: PointerEvent) {
    isPressed = false
    if (event.pointerType === 'mouse') return
    start = { x: event.clientX, y: event.clientY }
    cancel()
    timer = setTimeout(() => {
      isPressed = true
      onLongPress()
    }, LONG_PRESS_MS)
  }

  function onPointerMove(event: PointerEvent) {
    if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > MOVE_TOLERANCE) cancel()
  }

  /** Prevents the browser's own menu of a long press. */
  function onContextMenu(event: Event) {
    if (isPressed) event.preventDefault()
  }

  /** Returns whether the click belongs to a long press, once. */
  function consumeClick(): boolean {
    const wasPressed = isPressed
    isPressed = false
    return wasPressed
  }

  return { onPointerDown, onPointerMove, cancel, onContextMenu, consumeClick }
}
