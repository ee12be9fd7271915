import { For } from 'solid-js'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { GROUNDS, type Ground } from './backdrops.ts'
import { fileName, type Picture } from './gallery.ts'

interface LightboxBarProps {
  studio: Studio
  picture: Picture
  ground: Ground
  onGround: (ground: Ground) => void
  hasDetails: boolean
  onDetails: () => void
  onClose: () => void
}

/** What can be done with the picture that is shown. */
export function LightboxBar(props: LightboxBarProps) {
  const { useAsReference, acting } = props.studio
  const reference = () => {
    useAsReference({ url: props.picture.url, previewUrl: props.picture.output.previewUrl })
    props.onClose()
  }
  return (
    <div class="lightbox-bar">
      <p class="counter">
        {props.picture.index + 1} / {props.picture.generation.outputs.length}
      </p>
      <div class="grounds" role="radiogroup" aria-label="Ground">
        <For each={GROUNDS}>
          {ground => (
            <label class="ground" data-ground={ground} title={`On ${ground}`}>
              <input
                type="radio"
                name="ground"
                aria-label={`On ${ground}`}
                checked={props.ground === ground}
                onChange={() => props.onGround(ground)}
              />
            </label>
          )}
        </For>
      </div>
      <button
        type="button"
        class="on-ground favourite"
        aria-label="Favourite"
        aria-pressed={props.picture.output.favourite}
        onClick={() =>
          void acting.favour(props.picture.generation, props.picture.index, !props.picture.output.favourite)
        }
      >
        <Icon name="favourite" />
      </button>
      <button type="button" class="on-ground" onClick={reference}>
        <Icon name="reference" />
        <span>Use as reference</span>
      </button>
      <a class="on-ground" href={props.picture.url} download={fileName(props.picture)}>
        <Icon name="download" />
        <span>Download</span>
      </a>
      <button type="button" class="on-ground" aria-pressed={props.hasDetails} onClick={() => props.onDetails()}>
        <Icon name="details" />
        <span>Details</span>
      </button>
      <button
        type="button"
        class="on-ground"
        title="Deletes the whole generation. It can be taken back."
        onClick={() => void acting.remove(props.picture.generation)}
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
