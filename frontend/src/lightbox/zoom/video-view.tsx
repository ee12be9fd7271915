import { createSignal, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { placeholderUrl } from '../../ui/placeholder.ts'
import type { MediaItem } from '../gallery.ts'

interface VideoViewProps {
  media: MediaItem
  label: string
  /** Takes the element, for the keys that play it and step through it. */
  onMount: (video: HTMLVideoElement) => void
}

/** A video with its poster, which starts again at its end. A placeholder stands for one without a poster, or one that cannot be played. */
export function VideoView(props: VideoViewProps) {
  const [state, setState] = createSignal<'waiting' | 'ready' | 'failed'>('waiting')
  const poster = () => props.media.output.previewUrl ?? placeholderUrl(props.media.output.placeholder)
  const size = () => ({
    width: props.media.output.width ?? undefined,
    height: props.media.output.height ?? undefined,
  })
  return (
    <>
      <video
        ref={props.onMount}
        class="video-view"
        src={props.media.url}
        poster={poster()}
        aria-label={props.label}
        data-generation-id={props.media.generation.id}
        data-output={props.media.index}
        {...size()}
        preload="metadata"
        controls
        loop
        playsinline
        onLoadedData={() => setState('ready')}
        onError={() => setState('failed')}
      />
      <Show when={state() === 'failed' || (state() === 'waiting' && poster() === undefined)}>
        <div class="video-placeholder">
          <Icon name="video" />
          <Show when={state() === 'failed'}>
            <p role="status">This video cannot be played here. It can still be downloaded.</p>
          </Show>
        </div>
      </Show>
    </>
  )
}
