import { For } from 'solid-js'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { BACKDROPS, type Backdrop } from './backdrops.ts'
import { formatFileName, type MediaItem } from './gallery.ts'

interface LightboxBarProps {
  studio: Studio
  media: MediaItem
  backdrop: Backdrop
  onBackdropChange: (backdrop: Backdrop) => void
  isDetailsOpen: boolean
  onToggleDetails: () => void
  onClose: () => void
}

/** What can be done with the picture that is shown. */
export function LightboxBar(props: LightboxBarProps) {
  const { useAsReference, acting: actions } = props.studio
  const addAsReference = () => {
    useAsReference({ url: props.media.url, previewUrl: props.media.output.previewUrl })
    props.onClose()
  }
  return (
    <div class="lightbox-bar">
      <p class="counter">
        {props.media.index + 1} / {props.media.generation.outputs.length}
      </p>
      <div class="grounds" role="radiogroup" aria-label="Ground">
        <For each={BACKDROPS}>
          {backdrop => (
            <label class="ground" data-ground={backdrop} title={`On ${backdrop}`}>
              <input
                type="radio"
                name="ground"
                aria-label={`On ${backdrop}`}
                checked={props.backdrop === backdrop}
                onChange={() => props.onBackdropChange(backdrop)}
              />
            </label>
          )}
        </For>
      </div>
      <button
        type="button"
        class="on-ground favourite"
        aria-label="Favourite"
        aria-pressed={props.media.output.favourite}
        onClick={() =>
          void actions.setFavourite(props.media.generation, props.media.index, !props.media.output.favourite)
        }
      >
        <Icon name="favourite" />
      </button>
      <button type="button" class="on-ground" onClick={addAsReference}>
        <Icon name="reference" />
        <span>Use as reference</span>
      </button>
      <a class="on-ground" href={props.media.url} download={formatFileName(props.media)}>
        <Icon name="download" />
        <span>Download</span>
      </a>
      <button
        type="button"
        class="on-ground"
        aria-pressed={props.isDetailsOpen}
        onClick={() => props.onToggleDetails()}
      >
        <Icon name="details" />
        <span>Details</span>
      </button>
      <button
        type="button"
        class="on-ground"
        title="Deletes the whole generation. It can be taken back."
        onClick={() => void actions.remove(props.media.generation)}
      >
        <Icon name="bin" />
        <span>Delete</span>
      </button>
      <button
        type="button"
        class="on-ground icon-only"
        aria-label="Close"
        title="Close"
        onClick={() => props.onClose()}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}
