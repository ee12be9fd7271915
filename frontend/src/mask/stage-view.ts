import type { PixelSize } from '@darkroom/contracts/size'
import { createSignal } from 'solid-js'
import { fitView, type MaskView, type Point, panBy, zoomAt } from './mask-view.ts'

export type StageView = ReturnType<typeof createStageView>

/** Creates the view of an image on a stage: the whole image until it is zoomed. */
export function createStageView(image: PixelSize) {
  const [stage, setStageSize] = createSignal<PixelSize>({ width: 1, height: 1 })
  const [zoomed, setZoomed] = createSignal<MaskView | null>(null)
  const view = () => zoomed() ?? fitView(stage(), image)
  const zoom = (at: Point, factor: number) => setZoomed(zoomAt(view(), at, factor, stage(), image))
  return {
    ...{ view, stage },
    setStage: (size: PixelSize) => {
      if (size.width > 0 && size.height > 0) setStageSize(size)
    },
    zoomAt: zoom,
    /** Zooms at the middle of the stage. */
    zoomBy: (factor: number) => zoom({ x: stage().width / 2, y: stage().height / 2 }, factor),
    panBy: (by: Point) => setZoomed(panBy(view(), by, stage(), image)),
    fit: () => setZoomed(null),
  }
}
