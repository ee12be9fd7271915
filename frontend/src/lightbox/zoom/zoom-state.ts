import { type Accessor, createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import {
  clampView,
  fitView,
  isActualSize,
  isFit,
  type Point,
  panBy,
  panLimits,
  type Size,
  stepScale,
  toggleView,
  type ZoomFrame,
  type ZoomView,
  zoomAt,
} from './zoom.ts'

export interface ZoomOptions {
  /** Size of the image, in pixels of the file. */
  image: Accessor<Size>
  /** Size of the viewport, in CSS pixels. */
  viewport: Accessor<Size>
}

export type ZoomState = ReturnType<typeof createZoomState>

/** The middle of the viewport. */
const MIDDLE: Point = { x: 0, y: 0 }

/** Creates the part of the image that is shown. While all of it is visible, it stays so when the viewport or the image changes. */
export function createZoomState({ image, viewport }: ZoomOptions) {
  const pixelRatio = createPixelRatio()
  const frame = createMemo<ZoomFrame>(() => ({ image: image(), viewport: viewport(), pixelRatio: pixelRatio() }))
  // Null while all of the image is visible.
  const [chosen, setChosen] = createSignal<ZoomView | null>(null)
  const [isAnimated, setAnimated] = createSignal(false)
  const view = createMemo(() => {
    const chosenView = chosen()
    return chosenView ? clampView(frame(), chosenView) : fitView(frame())
  })

  function show(next: ZoomView, animated: boolean) {
    setAnimated(animated)
    setChosen(isFit(frame(), next) ? null : next)
  }

  return {
    frame,
    view,
    isAnimated,
    isFit: () => isFit(frame(), view()),
    isActualSize: () => isActualSize(view()),
    /** Returns whether some of the image is outside of the viewport. */
    canPan: () => {
      const limits = panLimits(frame(), view().scale)
      return limits.x > 0 || limits.y > 0
    },
    /** Shows all of the image at once, for another one. */
    reset: () => {
      setAnimated(false)
      setChosen(null)
    },
    /** Lets the next change of the viewport's size move the image smoothly. */
    animateNext: () => setAnimated(true),
    fit: () => show(fitView(frame()), true),
    actualSize: () => show(zoomAt(frame(), view(), 1, MIDDLE), true),
    step: (direction: 1 | -1) => show(zoomAt(frame(), view(), stepScale(view().scale, direction), MIDDLE), true),
    toggle: (point: Point) => show(toggleView(frame(), view(), point), true),
    /** Multiplies the scale, around a point. */
    zoomBy: (factor: number, point: Point) => show(zoomAt(frame(), view(), view().scale * factor, point), false),
    pan: (by: Point, animated = false) => show(panBy(frame(), view(), by), animated),
  }
}

/** Creates the number of device pixels of a CSS pixel. The browser's own zoom changes it. */
function createPixelRatio(): Accessor<number> {
  const [pixelRatio, setPixelRatio] = createSignal(window.devicePixelRatio || 1)
  const update = () => setPixelRatio(window.devicePixelRatio || 1)
  onMount(() => {
    window.addEventListener('resize', update)
    onCleanup(() => window.removeEventListener('resize', update))
  })
  return pixelRatio
}
