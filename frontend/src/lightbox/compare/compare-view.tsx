import type { Model } from '@darkroom/contracts/model'
import { Show } from 'solid-js'
import { describeMedia, type MediaItem } from '../gallery.ts'
import { ImageSurface } from '../zoom/image-surface.tsx'
import type { Size } from '../zoom/zoom.ts'
import type { ZoomState } from '../zoom/zoom-state.ts'
import { CompareHandle } from './compare-handle.tsx'
import type { Comparison } from './comparison.ts'
import { describeDifference } from './differences.ts'
import { linePosition } from './split-line.ts'

interface CompareViewProps {
  pair: { a: MediaItem; b: MediaItem }
  comparison: Comparison
  zoom: ZoomState
  /** Whether side by side is one below the other: the screen is higher than wide. */
  isStacked: boolean
  modelsById: ReadonlyMap<string, Model>
  /** Called with the size of A's file, in pixels. */
  onSize: (size: Size) => void
}

/** Two outputs in the same box, moved and scaled as one: A at the left of a line and B at its right, or side by side. */
export function CompareView(props: CompareViewProps) {
  const isSlider = () => props.comparison.mode() === 'slider'
  const line = () => linePosition(props.zoom.frame(), props.zoom.view(), props.comparison.split())
  const clip = (side: 'a' | 'b') => {
    if (!isSlider()) return undefined
    const { width } = props.zoom.frame().viewport
    return side === 'a' ? `inset(0 ${width - line().at}px 0 0)` : `inset(0 0 0 ${line().at}px)`
  }
  return (
    <div class="compare" data-mode={props.comparison.mode()} data-stacked={props.isStacked}>
      <div class="compare-pane" data-side="a" style={{ 'clip-path': clip('a') }}>
        <ImageSurface
          media={props.pair.a}
          zoom={props.zoom}
          alt={`A: ${describeMedia(props.pair.a)}`}
          onSize={props.onSize}
        />
      </div>
      <div class="compare-pane" data-side="b" style={{ 'clip-path': clip('b') }}>
        <ImageSurface media={props.pair.b} zoom={props.zoom} alt={`B: ${describeMedia(props.pair.b)}`} />
      </div>
      <p class="compare-label" data-side="a">
        <b>A</b> {describeDifference(props.pair.a, props.pair.b, props.modelsById)}
      </p>
      <p class="compare-label" data-side="b">
        <b>B</b> {describeDifference(props.pair.b, props.pair.a, props.modelsById)}
      </p>
      <Show when={isSlider()}>
        <CompareHandle split={props.comparison.split()} line={line()} onSplit={props.comparison.setSplit} />
      </Show>
    </div>
  )
}
