import { createSignal, For, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import type { Attachment } from './attachment.ts'

/** The references of the draft: sent while the person writes, in an order that can be changed by dragging or by arrow keys. */
export function AttachmentList(props: { studio: Studio }) {
  const { composing } = props.studio
  const { attachments } = composing
  const [dragged, setDragged] = createSignal<string>()
  let strip: HTMLUListElement | undefined

  const most = () => composing.model()?.maxReferences ?? 0
  const ready = () => attachments.list.filter(attachment => attachment.state !== 'failed')
  const surplus = () => composing.model() !== undefined && ready().length > most()

  /** While a thumbnail is held, it goes where the pointer is. */
  const onPointerMove = (event: PointerEvent) => {
    const key = dragged()
    if (!key || !strip) return
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest('li')
    const to = over ? [...strip.children].indexOf(over) : -1
    const from = attachments.list.findIndex(attachment => attachment.key === key)
    if (to >= 0 && to !== from) attachments.move(key, to)
  }

  const onPointerDown = (event: PointerEvent, key: string) => {
    if (event.button !== 0 || (event.target as Element).closest('button')?.matches('.remove')) return
    strip?.setPointerCapture(event.pointerId)
    setDragged(key)
  }

  return (
    <Show when={attachments.list.length > 0}>
      <ul
        ref={strip}
        class="attachments"
        aria-label="References, in order"
        onPointerMove={onPointerMove}
        onPointerUp={() => setDragged(undefined)}
        onPointerCancel={() => setDragged(undefined)}
      >
        <For each={attachments.list}>
          {(attachment, index) => (
            <Thumbnail
              attachment={attachment}
              position={index() + 1}
              count={attachments.list.length}
              isDragged={dragged() === attachment.key}
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
      <Show when={surplus()}>
        <p class="composer-problem" role="status">
          {surplusWords(composing.model()?.name, most())}
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

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 }
const REMOVING = ['Delete', 'Backspace']

function Thumbnail(props: ThumbnailProps) {
  const label = () => `Reference ${props.position} of ${props.count}. Arrow keys move it, Delete removes it.`
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (step !== undefined) props.onMove(step)
    if (REMOVING.includes(event.key)) props.onRemove()
    if (step !== undefined || REMOVING.includes(event.key)) event.preventDefault()
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

function surplusWords(model: string | undefined, most: number): string {
  if (most === 0) return `${model} takes no references. They stay here for another model.`
  return `${model} takes ${most} reference${most === 1 ? '' : 's'}. Only the first ${most === 1 ? 'one' : most} will be sent.`
}
