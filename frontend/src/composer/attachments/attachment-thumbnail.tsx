import type { PixelSize } from '@darkroom/contracts/size'
import { Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import type { Attachment } from './attachment.ts'

interface AttachmentThumbnailProps {
  attachment: Attachment
  /** Position in the order, from 1. */
  position: number
  count: number
  /** Whether the model takes fewer references: it is not sent. */
  isUnsent: boolean
  isDragged: boolean
  onPointerDown: (event: PointerEvent) => void
  /** Called with the size of the preview once it is shown. */
  onSize: (size: PixelSize) => void
  onMove: (by: number) => void
  onRemove: () => void
}

const ARROW_STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 }
const REMOVE_KEYS = ['Delete', 'Backspace']

/** A reference of the draft, with the progress of its upload. Arrow keys move it, Delete removes it. */
export function AttachmentThumbnail(props: AttachmentThumbnailProps) {
  const label = () =>
    `Reference ${props.position} of ${props.count}${props.isUnsent ? ', not sent' : ''}. Arrow keys move it, Delete removes it.`
  const onKeyDown = (event: KeyboardEvent) => {
    const step = ARROW_STEPS[event.key]
    if (step !== undefined) props.onMove(step)
    if (REMOVE_KEYS.includes(event.key)) props.onRemove()
    if (step !== undefined || REMOVE_KEYS.includes(event.key)) event.preventDefault()
    // A moved element loses the focus.
    if (step !== undefined && event.currentTarget instanceof HTMLElement) event.currentTarget.focus()
  }
  return (
    <li
      class="attachment"
      data-state={props.attachment.state}
      data-dragged={props.isDragged}
      data-unsent={props.isUnsent}
      onPointerDown={props.onPointerDown}
    >
      <button type="button" class="attachment-picture" aria-label={label()} onKeyDown={onKeyDown}>
        <img
          src={props.attachment.preview}
          alt=""
          draggable={false}
          onLoad={({ currentTarget: image }) =>
            props.onSize({ width: image.naturalWidth, height: image.naturalHeight })
          }
          onError={event => {
            event.currentTarget.hidden = true
          }}
        />
      </button>
      <Show when={props.isUnsent}>
        <span class="unsent" aria-hidden="true">
          Not sent
        </span>
      </Show>
      <Show when={props.attachment.state === 'uploading'}>
        <progress
          class="upload"
          aria-label={`Sending ${props.attachment.name}`}
          max={1}
          value={props.attachment.progress}
        />
      </Show>
      <button
        type="button"
        class="remove"
        aria-label={`Remove reference ${props.position}`}
        title="Remove"
        onClick={() => props.onRemove()}
      >
        <Icon name="close" />
      </button>
    </li>
  )
}
