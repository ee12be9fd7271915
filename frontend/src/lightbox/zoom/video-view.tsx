import { createSignal, Show } from 'solid-js'
import { formatClockTime, formatPromptStart } from '../../ui/format.ts'
import { Icon } from '../../ui/icons.tsx'
import { placeholderUrl } from '../../ui/placeholder/placeholder.ts'
import type { MediaItem } from '../gallery.ts'
import { readFileState } from '../stage/file-state.ts'

interface VideoViewProps {
  media: MediaItem
  label: string
  /** Takes the element, for the keys that play it and step through it. */
  onMount: (video: HTMLVideoElement) => void
  /** Called if there is no file to play. */
  onMissing: () => void
}

/** A video with its poster, which starts again at its end. A placeholder stands for one without a poster, or one that cannot be played. */
export function VideoView(props: VideoViewProps) {
  const [state, setState] = createSignal<'waiting' | 'ready' | 'failed'>('waiting')
  const poster = () => {
    const { previewUrl, placeholder } = props.media.output
    return previewUrl ?? placeholderUrl(placeholder)
  }
  const describe = () => {
    const { generation, output } = props.media
    const name = formatPromptStart(generation.prompt)
    return output.duration === null ? name : `${name}, ${formatClockTime(output.duration)}`
  }
  /** Tells a file that this browser cannot play from one that is not there. */
  async function onError() {
    const { url } = props.media
    const file = await readFileState(url)
    if (props.media.url !== url) return
    if (file === 'present') setState('failed')
    else props.onMissing()
  }

  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: there is none of a generated video. */}
      <video
        ref={props.onMount}
        class="video-view"
        src={props.media.url}
        poster={poster()}
        aria-label={props.label}
        data-generation-id={props.media.generation.id}
        data-output={props.media.index}
        // Not as a spread: the page would load Solid's code for it before its first rows.
        width={props.media.output.width ?? undefined}
        height={props.media.output.height ?? undefined}
        preload="metadata"
        controls
        loop
        playsinline
        onLoadedData={() => setState('ready')}
        onError={() => void onError()}
      />
      <Show when={state() === 'failed' || (state() === 'waiting' && poster() === undefined)}>
        <div class="video-placeholder">
          <Icon name={state() === 'failed' ? 'video' : 'play'} />
          <Show when={state() === 'waiting'}>
            <p aria-hidden="true">{describe()}</p>
          </Show>
          <Show when={state() === 'failed'}>
            <p role="status">This video cannot be played here. It can still be downloaded.</p>
          </Show>
        </div>
      </Show>
    </>
  )
}
