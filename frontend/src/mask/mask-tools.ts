import type { PixelSize } from '@darkroom/contracts/size'
import { createSignal } from 'solid-js'

export type MaskTool = 'brush' | 'eraser'

export type MaskTools = ReturnType<typeof createMaskTools>

const MIN_DIAMETER = 2
const MAX_DIAMETER = 1_024
/** Brush from the start, as a share of the longest side. */
const FIRST_SHARE = 1 / 16
const SIZE_STEP = 1.2
/** A pen that is hardly pressed paints this share of the brush. */
const LIGHT_PRESSURE = 0.3

/** Creates the tools of the mask editor. Sizes are diameters in pixels of the image. */
export function createMaskTools(image: PixelSize) {
  const longest = Math.max(image.width, image.height)
  const max = Math.max(MIN_DIAMETER * 4, Math.min(MAX_DIAMETER, Math.ceil(longest / 2)))
  const clamp = (size: number) => Math.min(max, Math.max(MIN_DIAMETER, Math.round(size)))
  const [tool, setTool] = createSignal<MaskTool>('brush')
  const [diameter, setDiameter] = createSignal(clamp(longest * FIRST_SHARE))
  const [hasPen, setHasPen] = createSignal(false)
  const [usesPressure, setUsesPressure] = createSignal(false)

  /** Returns the radius with which a pointer paints. */
  function radiusOf({ type, pressure }: { type: string; pressure: number }): number {
    const isLight = type === 'pen' && usesPressure()
    return (diameter() / 2) * (isLight ? LIGHT_PRESSURE + (1 - LIGHT_PRESSURE) * pressure : 1)
  }

  return {
    ...{ tool, setTool, diameter, radiusOf, hasPen, setHasPen, usesPressure, setUsesPressure },
    minDiameter: MIN_DIAMETER,
    maxDiameter: max,
    setDiameter: (size: number) => setDiameter(clamp(size)),
    grow: () => setDiameter(size => clamp(Math.max(size + 1, size * SIZE_STEP))),
    shrink: () => setDiameter(size => clamp(Math.min(size - 1, size / SIZE_STEP))),
  }
}
