import { Show } from 'solid-js'
import { placeholderUrl } from '../ui/placeholder.ts'
import type { MediaItem } from './gallery.ts'

/** The original of an output. Its preview is the background until the original has been loaded. */
export function MediaView(props: { media: MediaItem }) {
  const preview = () => props.media.output.previewUrl ?? placeholderUrl(props.media.output.placeholder)
  const alt = () => props.media.generation.prompt.slice(0, 300)
  const size = () => ({
    width: props.media.output.width ?? undefined,
    height: props.media.output.height ?? undefined,
  })
  return (
    <Show
      when={props.media.output.kind === 'image'}
      fallback={
        <video
          class="large"
          src={props.media.url}
          poster={props.media.output.previewUrl ?? undefined}
          controls
          {...size()}
        />
      }
    >
      <img
        class="large"
        src={props.media.url}
        alt={alt()}
        data-generation-id={props.media.generation.id}
        {...size()}
        style={{ 'background-image': preview() === undefined ? 'none' : `url("${preview()}")` }}
      />
    </Show>
  )
}
