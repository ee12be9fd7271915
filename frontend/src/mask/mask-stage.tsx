import type { PixelSize } from '@darkroom/contracts/size'
import { createEffect, onCleanup, onMount, Show } from 'solid-js'
import type { MaskDocument } from './mask-document.ts'
import type { MaskTools } from './mask-tools.ts'
import { type Point, toStagePoint } from './mask-view.ts'
import { createStageCursor } from './stage-cursor.ts'
import { createStagePointers } from './stage-pointers.ts'
import type { StageView } from './stage-view.ts'

interface MaskStageProps {
  url: string
  label: string
  image: PixelSize
  document: MaskDocument
  tools: MaskTools
  stageView: StageView
  onCanvas: (canvas: HTMLCanvasElement) => void
}

/** The image with its mask, on which the brush paints. By keyboard the arrow keys move the brush, and Space or Enter paints. */
export function MaskStage(props: MaskStageProps) {
  const { document, tools, stageView, image } = props
  let stage: HTMLDivElement | undefined
  const cursor = createStageCursor({ image, document, tools })
  const pointers = createStagePointers({ stage: () => stage, document, tools, stageView, cursor })
  const isMoving = () => cursor.isPanKey() || pointers.isPanning()

  onMount(() => {
    if (!stage) return
    const observer = new ResizeObserver(([entry]) => {
      if (entry) stageView.setStage({ width: entry.contentRect.width, height: entry.contentRect.height })
    })
    observer.observe(stage)
    // Solid's own wheel listener would be passive.
    stage.addEventListener('wheel', pointers.onWheel, { passive: false })
    onCleanup(() => observer.disconnect())
  })

  return (
    <div
      ref={stage}
      class="mask-stage"
      role="application"
      tabindex="0"
      aria-label={props.label}
      aria-describedby="mask-keys"
      data-pan={isMoving()}
      onPointerDown={pointers.onDown}
      onPointerMove={pointers.onMove}
      onPointerUp={pointers.onUp}
      onPointerCancel={pointers.onCancel}
      onPointerLeave={cursor.leave}
      onKeyDown={cursor.onKeyDown}
      onKeyUp={cursor.onKeyUp}
      onFocus={() => stage?.matches(':focus-visible') && cursor.showForKeys()}
      onBlur={cursor.onBlur}
    >
      <StageImage url={props.url} image={props.image} stageView={stageView} />
      <canvas ref={props.onCanvas} class="mask-overlay" />
      <Show when={!isMoving() && cursor.cursor()}>
        {at => (
          <BrushCursor at={toStagePoint(stageView.view(), at())} size={tools.diameter() * stageView.view().scale} />
        )}
      </Show>
    </div>
  )
}

function StageImage(props: { url: string; image: PixelSize; stageView: StageView }) {
  let image: HTMLImageElement | undefined
  createEffect(() => {
    const { x, y, scale } = props.stageView.view()
    if (image) image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
  })
  return (
    <img
      ref={image}
      class="mask-image"
      src={props.url}
      alt=""
      width={props.image.width}
      height={props.image.height}
      draggable={false}
      data-pixels={props.stageView.view().scale >= 3}
    />
  )
}

function BrushCursor(props: { at: Point; size: number }) {
  return (
    <div
      class="mask-cursor"
      style={{
        width: `${props.size}px`,
        height: `${props.size}px`,
        transform: `translate(${props.at.x - props.size / 2}px, ${props.at.y - props.size / 2}px)`,
      }}
    />
  )
}
