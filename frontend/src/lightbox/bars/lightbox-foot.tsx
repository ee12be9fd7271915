import { Show } from 'solid-js'
import type { Backdrop } from '../backdrops.ts'
import type { Comparison } from '../compare/comparison.ts'
import type { MediaItem } from '../gallery.ts'
import type { LightboxTools } from '../lightbox-tools.ts'
import { VideoControls } from '../zoom/video-controls.tsx'
import { ZoomControls } from '../zoom/zoom-controls.tsx'
import { BackdropPicker } from './backdrop-picker.tsx'
import { Filmstrip } from './filmstrip.tsx'

interface LightboxFootProps {
  media: MediaItem
  tools: LightboxTools
  isPhone: boolean
  backdrop: Backdrop
  onBackdropChange: (backdrop: Backdrop) => void
}

/** The bar below the output: backdrops or the kinds of comparison, the filmstrip, the scale. */
export function LightboxFoot(props: LightboxFootProps) {
  const { comparison, position, stage, ancestors, choose } = props.tools
  const pair = () => comparison.pair()
  const items = () => (pair() ? [...ancestors().toReversed(), ...position.siblings()] : position.siblings())
  return (
    <div class="lightbox-foot">
      <div class="foot-start">
        <Show when={pair()} fallback={<Start {...props} />}>
          <CompareModes comparison={comparison} />
        </Show>
      </div>
      <Filmstrip
        items={items()}
        before={pair() || props.isPhone ? [] : position.neighbours(-1)}
        after={pair() || props.isPhone ? [] : position.neighbours(1)}
        shown={props.media}
        pair={pair()}
        onChoose={choose}
      />
      <Show when={!props.isPhone}>
        <div class="foot-end">
          <Show when={stage.isZoomable()} fallback={<VideoControls video={stage.video} />}>
            <ZoomControls zoom={stage.zoom} />
          </Show>
        </div>
      </Show>
    </div>
  )
}

function Start(props: LightboxFootProps) {
  return (
    <Show
      when={!props.isPhone}
      fallback={
        <p class="bar-prompt" dir="auto">
          {props.media.generation.prompt}
        </p>
      }
    >
      <BackdropPicker backdrop={props.backdrop} onChange={props.onBackdropChange} />
    </Show>
  )
}

function CompareModes(props: { comparison: Comparison }) {
  const { mode, setMode } = props.comparison
  return (
    <fieldset class="tool-group compare-modes" aria-label="Compare">
      <button type="button" class="on-backdrop" aria-pressed={mode() === 'slider'} onClick={() => setMode('slider')}>
        Slider
      </button>
      <button type="button" class="on-backdrop" aria-pressed={mode() === 'side'} onClick={() => setMode('side')}>
        Side by side
      </button>
    </fieldset>
  )
}
