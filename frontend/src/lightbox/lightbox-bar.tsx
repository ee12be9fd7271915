import type { Generation } from '@darkroom/contracts/generation'
import { Icon } from '../ui/icons.tsx'
import { BackdropPicker } from './backdrop-picker.tsx'
import type { Backdrop } from './backdrops.ts'
import { formatFileName, type MediaItem } from './gallery.ts'

/** The actions on the output that is shown. */
export interface MediaActions {
  onFavourite: (generation: Generation, outputIndex: number, favourite: boolean) => Promise<void>
  onRemove: (generation: Generation) => Promise<void>
  onUseAsReference: (image: { url: string; previewUrl: string | null }) => void
}

interface LightboxBarProps extends MediaActions {
  media: MediaItem
  backdrop: Backdrop
  onBackdropChange: (backdrop: Backdrop) => void
  isDetailsOpen: boolean
  onToggleDetails: () => void
  onClose: () => void
}

/** The bar above the output: its number, the backdrop and the actions. */
export function LightboxBar(props: LightboxBarProps) {
  return (
    <div class="lightbox-bar">
      <p class="counter">
        {props.media.index + 1} / {props.media.generation.outputs.length}
      </p>
      <BackdropPicker backdrop={props.backdrop} onChange={props.onBackdropChange} />
      <MediaButtons {...props} />
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

function MediaButtons(props: LightboxBarProps) {
  const isFavourite = () => props.media.output.favourite
  const addAsReference = () => {
    props.onUseAsReference({ url: props.media.url, previewUrl: props.media.output.previewUrl })
    props.onClose()
  }
  return (
    <>
      <button
        type="button"
        class="on-ground favourite"
        aria-label="Favourite"
        aria-pressed={isFavourite()}
        onClick={() => void props.onFavourite(props.media.generation, props.media.index, !isFavourite())}
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
        onClick={() => void props.onRemove(props.media.generation)}
      >
        <Icon name="bin" />
        <span>Delete</span>
      </button>
    </>
  )
}
