import { createSignal } from 'solid-js'
import type { MaskDocument } from './mask-document.ts'
import type { MaskTools } from './mask-tools.ts'
import { toImagePoint } from './mask-view.ts'
import { createPointerGestures, type StagePointer } from './pointer-gestures.ts'
import type { StageCursor } from './stage-cursor.ts'
import type { StageView } from './stage-view.ts'

export interface StagePointersOptions {
  /** Returns the element of the stage, undefined before it is in the page. */
  stage: () => HTMLElement | undefined
  document: Pick<MaskDocument, 'begin' | 'extend' | 'end' | 'cancel'>
  tools: MaskTools
  stageView: StageView
  cursor: StageCursor
}

const WHEEL_ZOOM = 0.002
const MIDDLE_BUTTON = 1
/** Button of a pen that erases. */
const PEN_ERASER = 5

/** Creates the handlers of mouse, pen and fingers on the stage. */
export function createStagePointers({ stage, document, tools, stageView, cursor }: StagePointersOptions) {
  const [isPanning, setPanning] = createSignal(false)
  let erasesOnce = false
  const toBrushPoint = (pointer: StagePointer) => ({
    ...toImagePoint(stageView.view(), pointer),
    radius: tools.radiusOf(pointer),
  })
  const gestures = createPointerGestures({
    onPaintStart: pointer => document.begin(toBrushPoint(pointer), erasesOnce || tools.tool() === 'eraser'),
    onPaint: pointer => document.extend(toBrushPoint(pointer)),
    onPaintEnd: document.end,
    onPaintCancel: document.cancel,
    onPan: stageView.panBy,
    onZoom: stageView.zoomAt,
  })

  function toStage({ clientX, clientY }: MouseEvent) {
    const box = stage()?.getBoundingClientRect()
    return { x: clientX - (box?.left ?? 0), y: clientY - (box?.top ?? 0) }
  }

  function toPointer(event: PointerEvent): StagePointer {
    return { id: event.pointerId, type: event.pointerType, pressure: event.pressure, ...toStage(event) }
  }

  function onDown(event: PointerEvent) {
    const isEraserEnd = event.pointerType === 'pen' && event.button === PEN_ERASER
    const pans = event.button === MIDDLE_BUTTON || cursor.isPanKey()
    if (event.button !== 0 && !pans && !isEraserEnd) return
    event.preventDefault()
    stage()?.focus({ preventScroll: true })
    capture(event.pointerId)
    if (event.pointerType === 'pen') tools.setHasPen(true)
    erasesOnce = isEraserEnd
    setPanning(pans)
    gestures.down(toPointer(event), pans)
  }

  /** Captures a pointer, so that a stroke goes on beyond the stage. One that a script has made cannot be captured. */
  function capture(id: number) {
    try {
      stage()?.setPointerCapture(id)
    } catch {
      // Then the stroke ends where the pointer leaves the stage.
    }
  }

  function onMove(event: PointerEvent) {
    const all = event.getCoalescedEvents?.() ?? []
    for (const part of all.length > 0 ? all : [event]) gestures.move(toPointer(part))
    cursor.follow(toImagePoint(stageView.view(), toStage(event)))
  }

  function onUp(event: PointerEvent) {
    gestures.up(toPointer(event))
    setPanning(false)
    erasesOnce = false
  }

  function onWheel(event: WheelEvent) {
    event.preventDefault()
    stageView.zoomAt(toStage(event), Math.exp(-event.deltaY * WHEEL_ZOOM))
  }

  return {
    isPanning,
    onDown,
    onMove,
    onUp,
    onWheel,
    onCancel: (event: PointerEvent) => gestures.cancel(toPointer(event)),
  }
}
