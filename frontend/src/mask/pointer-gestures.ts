import type { Point } from './mask-view.ts'

/** A pointer on the stage, in CSS pixels of it. */
export interface StagePointer extends Point {
  id: number
  type: string
  /** From 0 to 1. */
  pressure: number
}

export interface GestureHandlers {
  onPaintStart: (pointer: StagePointer) => void
  onPaint: (pointer: StagePointer) => void
  onPaintEnd: () => void
  /** The line that was begun was no line: a second finger has come. */
  onPaintCancel: () => void
  onPan: (by: Point) => void
  onZoom: (at: Point, factor: number) => void
}

/**
 * Creates the reading of pointers: one paints, two fingers move and zoom. A pen wins over fingers: while it is down they do nothing, and
 * once it was used a single finger moves the image, since it may be the palm.
 */
export function createPointerGestures(handlers: GestureHandlers) {
  const touches = new Map<number, StagePointer>()
  let mode: 'idle' | 'paint' | 'pan' | 'pinch' = 'idle'
  let active: StagePointer | undefined
  let hasPen = false

  function begin(pointer: StagePointer, next: 'paint' | 'pan') {
    mode = next
    active = pointer
    if (next === 'paint') handlers.onPaintStart(pointer)
  }

  function cancelPaint() {
    if (mode === 'paint') handlers.onPaintCancel()
    mode = 'idle'
    active = undefined
  }

  /** @param pans whether the pointer moves the image: another button, or a key that is down */
  function down(pointer: StagePointer, pans = false) {
    if (pointer.type === 'touch') return touchDown(pointer)
    if (pointer.type === 'pen') {
      hasPen = true
      touches.clear()
      cancelPaint()
    }
    if (mode === 'idle') begin(pointer, pans ? 'pan' : 'paint')
  }

  function touchDown(pointer: StagePointer) {
    if (active?.type === 'pen') return
    touches.set(pointer.id, pointer)
    if (touches.size === 1 && mode === 'idle') return begin(pointer, hasPen ? 'pan' : 'paint')
    cancelPaint()
    mode = touches.size === 2 ? 'pinch' : 'idle'
  }

  function move(pointer: StagePointer) {
    if (mode === 'pinch' && touches.has(pointer.id)) return pinch(pointer)
    if (pointer.id !== active?.id) return
    if (mode === 'paint') handlers.onPaint(pointer)
    if (mode === 'pan') handlers.onPan({ x: pointer.x - active.x, y: pointer.y - active.y })
    active = pointer
    if (touches.has(pointer.id)) touches.set(pointer.id, pointer)
  }

  function pinch(pointer: StagePointer) {
    const before = measure([...touches.values()])
    touches.set(pointer.id, pointer)
    const after = measure([...touches.values()])
    handlers.onPan({ x: after.center.x - before.center.x, y: after.center.y - before.center.y })
    if (before.distance > 0 && after.distance > 0) handlers.onZoom(after.center, after.distance / before.distance)
  }

  function up({ id }: Pick<StagePointer, 'id'>) {
    touches.delete(id)
    if (mode === 'pinch') mode = 'idle'
    if (id !== active?.id) return
    if (mode === 'paint') handlers.onPaintEnd()
    mode = 'idle'
    active = undefined
  }

  function cancel({ id }: Pick<StagePointer, 'id'>) {
    touches.delete(id)
    if (mode === 'pinch' || id === active?.id) cancelPaint()
  }

  return { down, move, up, cancel }
}

function measure([first, second]: readonly StagePointer[]): { center: Point; distance: number } {
  if (!first || !second) return { center: first ?? { x: 0, y: 0 }, distance: 0 }
  return {
    center: { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 },
    distance: Math.hypot(first.x - second.x, first.y - second.y),
  }
}
