import type { Output } from '@darkroom/contracts/output'
import { FEED_WIDTH, previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import { type Accessor, createEffect, createSignal, on, onCleanup, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'

interface TileImageProps {
  output: Output & { url: string }
  alt: string
  /** The beginning of the prompt, for a video without a poster. */
  name: string
  /** Width of the tile, in CSS pixels. */
  width: number
  coarseNow: Accessor<number>
  onBroken: (isBroken: boolean) => void
}

/** An image that cannot be loaded is requested again so many times, twice a minute, and whenever the browser is online again. */
const MAX_RETRIES = 5

/** The preview of an output; an icon on its placeholder where there is none, or where it cannot be loaded. */
export function TileImage(props: TileImageProps) {
  const { isBroken, onError } = createBrokenState(props)
  const preview = () => {
    const { kind, url, previewUrl } = props.output
    return previewUrl ?? (kind === 'image' ? url : null)
  }
  return (
    <Show
      when={!isBroken() && preview()}
      fallback={<NoImage video={props.output.kind === 'video' ? props.name : undefined} />}
    >
      {url => (
        <img
          src={url()}
          srcset={sourcesOf(url())}
          sizes={`${props.width}px`}
          alt={props.alt}
          decoding="async"
          data-url={props.output.url}
          // Dragged into the composer it would be a video.
          draggable={props.output.kind === 'image'}
          onError={onError}
        />
      )}
    </Show>
  )
}

function sourcesOf(preview: string): string | undefined {
  const small = previewUrlAtWidth(preview, THUMBNAIL_WIDTH)
  return small === preview ? undefined : `${small} ${THUMBNAIL_WIDTH}w, ${preview} ${FEED_WIDTH}w`
}

/** The icon that stands for an image; for a video, with its name, which the styles show below it. Its length is on the tile. */
function NoImage(props: { video: string | undefined }) {
  return (
    <span class="no-image" data-video={props.video}>
      <Icon name={props.video === undefined ? 'image' : 'play'} />
    </span>
  )
}

/** Creates the state of an image that cannot be loaded. It counts as loadable again when it is worth another request. */
function createBrokenState(props: TileImageProps) {
  const [isBroken, setBroken] = createSignal(false)
  let retries = 0

  function setState(next: boolean) {
    setBroken(next)
    props.onBroken(next)
  }

  function retry() {
    if (!isBroken()) return
    retries += 1
    setState(false)
  }

  createEffect(on(props.coarseNow, () => retries < MAX_RETRIES && retry(), { defer: true }))
  // Another preview, such as that of an output that is stored now.
  createEffect(
    on(
      () => props.output.previewUrl ?? props.output.url,
      () => retry(),
      { defer: true },
    ),
  )
  createEffect(() => {
    if (!isBroken()) return
    window.addEventListener('online', retry)
    onCleanup(() => window.removeEventListener('online', retry))
  })
  return { isBroken, onError: () => setState(true) }
}
