import type { PixelSize } from '@darkroom/contracts/size'
import { type Accessor, createSignal } from 'solid-js'
import {
  applyChange,
  computeMarkedShare,
  createRaster,
  type MaskRaster,
  paintPoints,
  type Rect,
  rasterise,
} from './rasterise.ts'
import {
  addChange,
  type BrushPoint,
  isApart,
  listChanges,
  type MaskChange,
  type MaskHistory,
  redo,
  undo,
} from './strokes.ts'

export interface MaskDocumentOptions {
  size: PixelSize
  history: MaskHistory
  /** Called with the part of the mask that has changed. */
  onChange: (rect: Rect) => void
}

export interface MaskDocument {
  raster: MaskRaster
  history: Accessor<MaskHistory>
  /** The marked share of the image, from 0 to 1. */
  markedShare: Accessor<number>
  isEmpty: Accessor<boolean>
  begin: (point: BrushPoint, erases: boolean) => void
  extend: (point: BrushPoint) => void
  end: () => void
  cancel: () => void
  apply: (change: MaskChange) => void
  undo: () => void
  redo: () => void
}

/** Creates a mask that is being painted: its changes, and the pixels that they make. */
export function createMaskDocument({ size, history: initial, onChange }: MaskDocumentOptions): MaskDocument {
  const raster = createRaster(size)
  const whole: Rect = { left: 0, top: 0, right: size.width, bottom: size.height }
  const [history, setHistory] = createSignal(initial)
  const [markedShare, setMarkedShare] = createSignal(0)
  let stroke: { points: BrushPoint[]; erases: boolean } | undefined
  redraw()

  function redraw() {
    rasterise(raster, listChanges(history()))
    setMarkedShare(computeMarkedShare(raster))
    onChange(whole)
  }

  function replace(next: MaskHistory) {
    if (stroke || next === history()) return
    setHistory(next)
    redraw()
  }

  function begin(point: BrushPoint, erases: boolean) {
    end()
    stroke = { points: [point], erases }
    onChange(paintPoints(raster, stroke.points, erases))
  }

  function extend(point: BrushPoint) {
    if (!stroke || !isApart(stroke.points.at(-1), point)) return
    stroke.points.push(point)
    onChange(paintPoints(raster, stroke.points, stroke.erases, stroke.points.length - 1))
  }

  /** Ends the stroke. The pixels are painted already. */
  function end() {
    if (!stroke) return
    const { points, erases } = stroke
    stroke = undefined
    setHistory(addChange(history(), { kind: 'stroke', erases, points }))
    setMarkedShare(computeMarkedShare(raster))
  }

  function cancel() {
    if (!stroke) return
    stroke = undefined
    redraw()
  }

  function apply(change: MaskChange) {
    end()
    setHistory(addChange(history(), change))
    onChange(applyChange(raster, change))
    setMarkedShare(computeMarkedShare(raster))
  }

  return {
    ...{ raster, history, markedShare, begin, extend, end, cancel, apply },
    isEmpty: () => markedShare() === 0,
    undo: () => replace(undo(history())),
    redo: () => replace(redo(history())),
  }
}
