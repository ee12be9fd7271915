import { createSignal, Show } from 'solid-js'
import { placeholderUrl } from '../../ui/placeholder.ts'
import type { MediaItem } from '../gallery.ts'
import { cornerOf, type Size } from './zoom.ts'
import type { ZoomState } from './zoom-state.ts'

interface ImageSurfaceProps {
  media: MediaItem
  zoom: ZoomState
  alt: string
  /** Called with the size of the file once it is known, in pixels. */
  onSize?: (size: Size) => void
  /** Called if the file cannot be loaded. Its preview stays. */
  onFail?: () => void
}

/** From this scale on, the pixels of the file are drawn as squares. */
const PIXELATED_FROM = 2

/**
 * The original of an output at the scale that the zoom has, its preview in the same box until the original is there. The box has the
 * size of 1:1 and is only transformed: at 1:1 the browser draws the pixels of the file unchanged.
 */
export function ImageSurface(props: ImageSurfaceProps) {
  const transform = () => {
    const { x, y } = cornerOf(props.zoom.frame(), props.zoom.view())
    return `translate(${x}px, ${y}px) scale(${props.zoom.view().scale})`
  }
  const layoutSize = () => {
    const { image, pixelRatio } = props.zoom.frame()
    return { width: `${image.width / pixelRatio}px`, height: `${image.height / pixelRatio}px` }
  }
  return (
    <div
      class="surface"
      data-animated={props.zoom.isAnimated()}
      data-pixelated={props.zoom.view().scale >= PIXELATED_FROM}
      style={{ ...layoutSize(), transform: transform() }}
    >
      <Show when={props.media.url} keyed>
        {url => <SurfaceImage {...props} url={url} />}
      </Show>
    </div>
  )
}

type LoadState = 'loading' | 'loaded' | 'failed'

function SurfaceImage(props: ImageSurfaceProps & { url: string }) {
  const [state, setState] = createSignal<LoadState>('loading')
  const preview = () => props.media.output.previewUrl ?? placeholderUrl(props.media.output.placeholder)
  // The preview would shine through an original with transparent parts.
  const background = () => (state() === 'loaded' || preview() === undefined ? 'none' : `url("${preview()}")`)
  const onError = () => {
    setState('failed')
    props.onFail?.()
  }
  const onLoad = (image: HTMLImageElement) => {
    setState('loaded')
    props.onSize?.({ width: image.naturalWidth, height: image.naturalHeight })
  }
  return (
    <Show
      when={state() !== 'failed'}
      fallback={
        <div
          class="surface-image"
          role="img"
          aria-label={props.alt}
          data-state="failed"
          style={{ 'background-image': background() }}
        />
      }
    >
      <img
        class="surface-image"
        src={props.url}
        alt={props.alt}
        data-generation-id={props.media.generation.id}
        data-output={props.media.index}
        data-state={state()}
        draggable={false}
        style={{ 'background-image': background() }}
        onLoad={event => onLoad(event.currentTarget)}
        onError={onError}
      />
    </Show>
  )
}
