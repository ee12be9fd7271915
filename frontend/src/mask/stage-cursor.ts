import type { PixelSize } from '@darkroom/contracts/size'
import { createSignal } from 'solid-js'
import type { MaskDocument } from './mask-document.ts'
import { toArrowStep } from './mask-keys.ts'
import type { MaskTools } from './mask-tools.ts'
import type { Point } from './mask-view.ts'

export interface StageCursorOptions {
  image: PixelSize
  document: Pick<MaskDocument, 'begin' | 'extend' | 'end'>
  tools: Pick<MaskTools, 'diameter' | 'tool'>
}

export type StageCursor = ReturnType<typeof createStageCursor>

const LARGE_STEP = 4

/**
 * Creates the cursor of the brush, in pixels of the image. It follows the pointer, or the arrow keys: then Space paints, as Enter always
 * does. After a pointer was moved, Space moves the image while it is down.
 */
export function createStageCursor({ image, document, tools }: StageCursorOptions) {
  const [cursor, setCursor] = createSignal<Point | null>(null)
  const [isPanKey, setPanKey] = createSignal(false)
  let isKeyCursor = true

  /** Returns the cursor as a point of the brush. It begins in the middle of the image. */
  function toBrushPoint() {
    const { x, y } = cursor() ?? { x: image.width / 2, y: image.height / 2 }
    return { x, y, radius: tools.diameter() / 2 }
  }

  function move(step: Point, isLarge: boolean) {
    isKeyCursor = true
    const { x, y } = toBrushPoint()
    const length = Math.max(1, tools.diameter() / 4) * (isLarge ? LARGE_STEP : 1)
    setCursor({ x: clamp(x + step.x * length, image.width), y: clamp(y + step.y * length, image.height) })
    document.extend(toBrushPoint())
  }

  function onKeyDown(event: KeyboardEvent) {
    const { key } = event
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = toArrowStep(key)
    if (!step && key !== 'Enter' && key !== ' ') return
    event.preventDefault()
    if (step) return move(step, event.shiftKey)
    if (key === ' ' && !isKeyCursor) return void setPanKey(true)
    isKeyCursor = true
    setCursor(toPoint(toBrushPoint()))
    if (!event.repeat) document.begin(toBrushPoint(), tools.tool() === 'eraser')
  }

  function onKeyUp({ key }: KeyboardEvent) {
    const wasPanKey = isPanKey()
    if (key === ' ') setPanKey(false)
    if ((key === ' ' && !wasPanKey) || key === 'Enter') document.end()
  }

  /** Ends what a key has begun: its end would not be noticed any more. */
  function onBlur() {
    setPanKey(false)
    document.end()
  }

  return {
    ...{ cursor, isPanKey, onKeyDown, onKeyUp, onBlur },
    /** Shows the cursor of the keys, where it is not shown. */
    showForKeys: () => isKeyCursor && setCursor(toPoint(toBrushPoint())),
    follow: (point: Point) => {
      isKeyCursor = false
      setCursor(point)
    },
    leave: () => !isKeyCursor && setCursor(null),
  }
}

function toPoint({ x, y }: Point): Point {
  return { x, y }
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value))
}
