import { createSignal, Match, Show, Switch } from 'solid-js'
import { placeholderUrl } from '../../ui/placeholder/placeholder.ts'
import type { MediaItem } from '../gallery.ts'
import { cornerOf, type Size } from './zoom.ts'
import type { ZoomState } from './zoom-state.ts'

interface ImageSurfaceProps {
  media: MediaItem
  zoom: ZoomState
  alt: string
  /** Called with the size of the file once it is known, in pixels. */
  onSize?: (size: Size) => void
  /** Called if the file cannot be loaded, once its preview is shown instead, or cannot be loaded either. */
  onFail?: (part: 'original' | 'all') => void
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

/** `preview`: the original cannot be loaded. `failed`: its preview cannot be loaded either, or there is none. */
type LoadState = 'loading' | 'loaded' | 'preview' | 'failed'

function SurfaceImage(props: ImageSurfaceProps & { url: string }) {
  const [state, setState] = createSignal<LoadState>('loading')
  const preview = () => {
    const { previewUrl, placeholder } = props.media.output
    return (state() === 'failed' ? null : previewUrl) ?? placeholderUrl(placeholder)
  }
  // The preview would shine through an original with transparent parts.
  const background = () => (state() === 'loaded' || preview() === undefined ? 'none' : `url("${preview()}")`)
  const fail = () => {
    setState('failed')
    props.onFail?.('all')
  }
  const onError = () => (props.media.output.previewUrl === null ? fail() : setState('preview'))
  const onLoad = (image: HTMLImageElement) => {
    setState('loaded')
    props.onSize?.({ width: image.naturalWidth, height: image.naturalHeight })
  }
  return (
    <Switch>
      <Match when={state() === 'failed'}>
        <div
          class="surface-image"
          role="img"
          aria-label={props.alt}
          data-state="failed"
          style={{ 'background-image': background() }}
        />
      </Match>
      <Match when={state() === 'preview'}>
        <img
          class="surface-image"
          style={{ 'background-image': background() }}
          src={props.media.output.previewUrl ?? ''}
          alt={props.alt}
          data-state="preview"
          draggable={false}
          onLoad={() => props.onFail?.('original')}
          onError={fail}
        />
      </Match>
      <Match when={true}>
        <img
          class="surface-image"
          style={{ 'background-image': background() }}
          src={props.url}
          alt={props.alt}
          data-generation-id={props.media.generation.id}
          data-output={props.media.index}
          data-state={state()}
          draggable={false}
          onLoad={event => onLoad(event.currentTarget)}
          onError={onError}
        />
      </Match>
    </Switch>
  )
}
