import { createSignal, For, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import type { Attachment } from './attachment.ts'

/** The references of the draft: sent while the person writes, in an order that can be changed by dragging or by arrow keys. */
export function AttachmentList(props: { studio: Studio }) {
  const { composing: composer } = props.studio
  const { attachments } = composer
  const [draggedKey, setDraggedKey] = createSignal<string>()
  let listElement: HTMLUListElement | undefined

  const maxReferences = () => composer.model()?.maxReferences ?? 0
  const usable = () => attachments.list.filter(attachment => attachment.state !== 'failed')
  const isOverLimit = () => composer.model() !== undefined && usable().length > maxReferences()

  /** While a thumbnail is held, it goes where the pointer is. */
  const onPointerMove = (event: PointerEvent) => {
    const key = draggedKey()
    if (!key || !listElement) return
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest('li')
    const to = over ? [...listElement.children].indexOf(over) : -1
    const from = attachments.list.findIndex(attachment => attachment.key === key)
    if (to >= 0 && to !== from) attachments.move(key, to)
  }

  const onPointerDown = (event: PointerEvent, key: string) => {
    if (event.button !== 0 || (event.target as Element).closest('button')?.matches('.remove')) return
    listElement?.setPointerCapture(event.pointerId)
    setDraggedKey(key)
  }

  return (
    <Show when={attachments.list.length > 0}>
      <ul
        ref={listElement}
        class="attachments"
        aria-label="References, in order"
        onPointerMove={onPointerMove}
        onPointerUp={() => setDraggedKey(undefined)}
        onPointerCancel={() => setDraggedKey(undefined)}
      >
        <For each={attachments.list}>
          {(attachment, index) => (
            <Thumbnail
              attachment={attachment}
              position={index() + 1}
              count={attachments.list.length}
              isDragged={draggedKey() === attachment.key}
              onPointerDown={event => onPointerDown(event, attachment.key)}
              onMove={by => attachments.move(attachment.key, index() + by)}
              onRemove={() => attachments.remove(attachment.key)}
            />
          )}
        </For>
      </ul>
      <For each={attachments.list.filter(attachment => attachment.state === 'failed')}>
        {attachment => (
          <p class="composer-problem" role="alert">
            <Icon name="warning" />
            <span>
              {attachment.name}: {attachment.problem}
            </span>
            <Show when={attachment.canRetry}>
              <button type="button" class="quiet" onClick={() => attachments.retry(attachment.key)}>
                Try again
              </button>
            </Show>
          </p>
        )}
      </For>
      <Show when={isOverLimit()}>
        <p class="composer-problem" role="status">
          {formatOverLimit(composer.model()?.name, maxReferences())}
        </p>
      </Show>
    </Show>
  )
}

interface ThumbnailProps {
  attachment: Attachment
  position: number
  count: number
  isDragged: boolean
  onPointerDown: (event: PointerEvent) => void
  onMove: (by: number) => void
  onRemove: () => void
}

const ARROW_STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 }
const REMOVE_KEYS = ['Delete', 'Backspace']

function Thumbnail(props: ThumbnailProps) {
  const label = () => `Reference ${props.position} of ${props.count}. Arrow keys move it, Delete removes it.`
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
      onPointerDown={props.onPointerDown}
    >
      <button type="button" class="attachment-picture" aria-label={label()} onKeyDown={onKeyDown}>
        <img
          src={props.attachment.preview}
          alt=""
          draggable={false}
          onError={event => {
            event.currentTarget.hidden = true
          }}
        />
      </button>
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

function formatOverLimit(model: string | undefined, limit: number): string {
  if (limit === 0) return `${model} takes no references. They stay here for another model.`
  return `${model} takes ${limit} reference${limit === 1 ? '' : 's'}. Only the first ${limit === 1 ? 'one' : limit} will be sent.`
}
