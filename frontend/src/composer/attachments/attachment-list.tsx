import type { Model } from '@darkroom/contracts/model'
import { countInputs } from '@darkroom/contracts/model-fields'
import { createMemo, For, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { type Attachment, isSendable } from './attachment.ts'
import { AttachmentThumbnail } from './attachment-thumbnail.tsx'
import type { Attachments } from './attachments.ts'
import { createDragOrder } from './drag-order.ts'

interface AttachmentListProps {
  attachments: Pick<Attachments, 'list' | 'move' | 'remove' | 'retry' | 'setSize'>
  model: Model | undefined
}

/** The references of the draft. Their order can be changed by dragging and by arrow keys. */
export function AttachmentList(props: AttachmentListProps) {
  const list = () => props.attachments.list
  const failed = () => list().filter(attachment => attachment.state === 'failed')
  const limit = () => (props.model ? countInputs(props.model, 'reference') : Infinity)
  /** Keys of the references beyond those that the model takes. */
  const unsent = createMemo(
    () =>
      new Set(
        list()
          .filter(isSendable)
          .slice(limit())
          .map(({ key }) => key),
      ),
  )
  return (
    <Show when={list().length > 0}>
      <ThumbnailList attachments={props.attachments} unsent={unsent()} />
      <For each={failed()}>
        {attachment => <FailedUpload attachment={attachment} onRetry={() => props.attachments.retry(attachment.key)} />}
      </For>
      <Show when={unsent().size > 0 && props.model}>
        {model => (
          <p class="composer-problem" role="status">
            {formatOverLimit(model().name, limit(), unsent().size)}
          </p>
        )}
      </Show>
    </Show>
  )
}

function ThumbnailList(props: Pick<AttachmentListProps, 'attachments'> & { unsent: ReadonlySet<string> }) {
  const order = createDragOrder({
    indexOf: key => props.attachments.list.findIndex(attachment => attachment.key === key),
    move: (key, to) => props.attachments.move(key, to),
  })
  return (
    <ul
      ref={order.mountList}
      class="attachments"
      aria-label="References, in order"
      onPointerMove={order.onPointerMove}
      onPointerUp={order.onPointerEnd}
      onPointerCancel={order.onPointerEnd}
    >
      <For each={props.attachments.list}>
        {(attachment, index) => (
          <AttachmentThumbnail
            attachment={attachment}
            position={index() + 1}
            count={props.attachments.list.length}
            isUnsent={props.unsent.has(attachment.key)}
            isDragged={order.draggedKey() === attachment.key}
            onPointerDown={event => order.onPointerDown(event, attachment.key)}
            onSize={size => props.attachments.setSize(attachment.key, size)}
            onMove={by => props.attachments.move(attachment.key, index() + by)}
            onRemove={() => props.attachments.remove(attachment.key)}
          />
        )}
      </For>
    </ul>
  )
}

function FailedUpload(props: { attachment: Attachment; onRetry: () => void }) {
  return (
    <p class="composer-problem" role="alert">
      <Icon name="warning" />
      <span>
        {props.attachment.name}: {props.attachment.problem}
      </span>
      <Show when={props.attachment.canRetry}>
        <button type="button" class="quiet" onClick={() => props.onRetry()}>
          Try again
        </button>
      </Show>
    </p>
  )
}

function formatOverLimit(model: string, limit: number, unsent: number): string {
  if (limit === 0) return `${model} takes no references. They stay here and are not sent.`
  const rest =
    unsent === 1 ? 'The last one stays here and is not sent.' : `The last ${unsent} stay here and are not sent.`
  return `${model} takes ${limit} reference${limit === 1 ? '' : 's'}. ${rest}`
}
