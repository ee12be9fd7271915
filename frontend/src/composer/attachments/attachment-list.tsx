import type { Model } from '@darkroom/contracts/model'
import { For, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import type { Attachment } from './attachment.ts'
import { AttachmentThumbnail } from './attachment-thumbnail.tsx'
import type { Attachments } from './attachments.ts'
import { createDragOrder } from './drag-order.ts'

interface AttachmentListProps {
  attachments: Pick<Attachments, 'list' | 'move' | 'remove' | 'retry'>
  model: Model | undefined
}

/** The references of the draft. Their order can be changed by dragging and by arrow keys. */
export function AttachmentList(props: AttachmentListProps) {
  const list = () => props.attachments.list
  const failed = () => list().filter(attachment => attachment.state === 'failed')
  return (
    <Show when={list().length > 0}>
      <ThumbnailList attachments={props.attachments} />
      <For each={failed()}>
        {attachment => <FailedUpload attachment={attachment} onRetry={() => props.attachments.retry(attachment.key)} />}
      </For>
      <OverLimitNote count={list().length - failed().length} model={props.model} />
    </Show>
  )
}

function ThumbnailList(props: Pick<AttachmentListProps, 'attachments'>) {
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
            isDragged={order.draggedKey() === attachment.key}
            onPointerDown={event => order.onPointerDown(event, attachment.key)}
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

function OverLimitNote(props: { count: number; model: Model | undefined }) {
  const exceeded = () => (props.model && props.count > props.model.maxReferences ? props.model : undefined)
  return (
    <Show when={exceeded()}>
      {model => (
        <p class="composer-problem" role="status">
          {formatOverLimit(model().name, model().maxReferences)}
        </p>
      )}
    </Show>
  )
}

function formatOverLimit(model: string, limit: number): string {
  if (limit === 0) return `${model} takes no references. They stay here for another model.`
  return `${model} takes ${limit} reference${limit === 1 ? '' : 's'}. Only the first ${limit === 1 ? 'one' : limit} will be sent.`
}
