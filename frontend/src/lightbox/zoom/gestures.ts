import type { Point } from './zoom.ts'
import type { ZoomState } from './zoom-state.ts'

export interface GestureOptions {
  zoom: Pick<ZoomState, 'zoomBy' | 'pan' | 'toggle' | 'canPan'>
  /** Returns whether the media can be zoomed: a video cannot. */
  isZoomable: () => boolean
  /** Returns the middle of the viewport that a point lies in, in CSS pixels of the page. */
  middleOf: (point: Point) => Point
  /** Called after a swipe of one finger: -1 for the previous output, 1 for the next one. */
  onSwipe: (step: 1 | -1) => void
}

/** A shorter movement is a tap, in CSS pixels. */
const TAP_MAX_PX = 8
/** A shorter movement is not a swipe, in CSS pixels. */
const SWIPE_MIN_PX = 60
const DOUBLE_TAP_MS = 350
const DOUBLE_TAP_PX = 30
/** Wheel pixels that change the scale e-fold. A pinch on a trackpad comes as small wheel events with Ctrl. */
const WHEEL_PX = 480
const PINCH_WHEEL_PX = 100
const LINE_PX = 16

interface Gesture {
  start: Point
  isMoved: boolean
  isPinch: boolean
  isTouch: boolean
}

/** Creates the handlers for wheel, drag, pinch, swipe and double tap on the shown image. */
export function createGestures(options: GestureOptions) {
  const { zoom, isZoomable, middleOf } = options
  const pointers = new Map<number, Point>()
  let gesture: Gesture | undefined
  let lastTap: (Point & { time: number }) | undefined

  const fromMiddle = (point: Point) => {
    const middle = middleOf(point)
    return { x: point.x - middle.x, y: point.y - middle.y }
  }

  function onWheel(event: WheelEvent) {
    if (!isZoomable()) return
    event.preventDefault()
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1)
    zoom.zoomBy(Math.exp(-pixels / (event.ctrlKey ? PINCH_WHEEL_PX : WHEEL_PX)), fromMiddle(pointOf(event)))
  }

  function onPointerDown(event: PointerEvent) {
    if (event.button !== 0) return
    pointers.set(event.pointerId, pointOf(event))
    const isTouch = event.pointerType !== 'mouse'
    gesture = { start: pointOf(event), isMoved: false, isPinch: false, isTouch, ...(pointers.size > 1 && gesture) }
    if (pointers.size > 1) gesture.isPinch = true
  }

  function onPointerMove(event: PointerEvent) {
    const before = pointers.get(event.pointerId)
    if (!before || !gesture) return
    const now = pointOf(event)
    if (!gesture.isMoved && distance(gesture.start, now) <= TAP_MAX_PX && !gesture.isPinch) return
    if (!gesture.isMoved) capture(event)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, now)
    gesture.isMoved = true
    if (!isZoomable()) return
    if (other) pinch({ before, now, other })
    else if (zoom.canPan()) zoom.pan({ x: now.x - before.x, y: now.y - before.y })
  }

  function pinch({ before, now, other }: Record<'before' | 'now' | 'other', Point>) {
    zoom.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), fromMiddle(between(now, other)))
    zoom.pan({ x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 })
  }

  function onPointerUp(event: PointerEvent) {
    if (!pointers.delete(event.pointerId) || !gesture || pointers.size > 0) return
    const { start, isMoved, isPinch, isTouch } = gesture
    gesture = undefined
    const end = pointOf(event)
    if (isPinch) return
    if (!isMoved) return onTap(end, event.timeStamp)
    const moved = { x: end.x - start.x, y: end.y - start.y }
    const isSwipe = Math.abs(moved.x) > SWIPE_MIN_PX && Math.abs(moved.x) > 2 * Math.abs(moved.y)
    if (isTouch && isSwipe && !(isZoomable() && zoom.canPan())) options.onSwipe(moved.x > 0 ? -1 : 1)
  }

  function onTap(point: Point, time: number) {
    const isSecond = lastTap && time - lastTap.time < DOUBLE_TAP_MS && distance(lastTap, point) < DOUBLE_TAP_PX
    lastTap = isSecond ? undefined : { ...point, time }
    if (isSecond && isZoomable()) zoom.toggle(fromMiddle(point))
  }

  function onPointerCancel(event: PointerEvent) {
    pointers.delete(event.pointerId)
    if (pointers.size === 0) gesture = undefined
  }

  return { onWheel, onPointerDown, onPointerMove, onPointerUp, onPointerCancel }
}

/** Lets all further events of a pointer come here. Before it has moved, a click on a control of a video would be lost. */
function capture(event: PointerEvent) {
  if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId)
}

function pointOf({ clientX, clientY }: MouseEvent): Point {
  return { x: clientX, y: clientY }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function between(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
}
