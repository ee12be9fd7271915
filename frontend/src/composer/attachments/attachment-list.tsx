import type { InputRole, Model } from '@darkroom/contracts/model'
import { createMemo, For, type JSX, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { type Attachment, isSendable } from './attachment.ts'
import { AttachmentThumbnail } from './attachment-thumbnail.tsx'
import type { Attachments } from './attachments.ts'
import { createDragOrder } from './drag-order.ts'
import { describeUnsent, listRoles } from './reference-roles.ts'

interface AttachmentListProps {
  attachments: Pick<Attachments, 'list' | 'move' | 'retry' | 'setSize' | 'setRole' | 'includeLeftOver'>
  model: Model | undefined
  /** Roles of the attachments in their order; null for each that is not sent. */
  roles: readonly (InputRole | null)[]
  onRemove: (key: string) => void
  /** Further lines beside the thumbnails. */
  children?: JSX.Element
}

/** The references of the draft, each with its role. Their order can be changed by dragging and by arrow keys. */
export function AttachmentList(props: AttachmentListProps) {
  const list = () => props.attachments.list
  const failed = () => list().filter(attachment => attachment.state === 'failed')
  const leftOver = () => list().filter(attachment => attachment.isLeftOver)
  const unsent = createMemo(() => (props.model ? describeUnsent(list(), props.model) : []))
  return (
    <Show when={list().length > 0}>
      <div class="attachment-area">
        <ThumbnailList {...props} />
        <div class="attachment-lines">
          <For each={unsent()}>
            {sentence => (
              <p class="attachment-line" role="status">
                {sentence}
              </p>
            )}
          </For>
          <Show when={leftOver().length > 0}>
            <LeftOverLine
              count={leftOver().length}
              onUse={props.attachments.includeLeftOver}
              onRemove={() => {
                for (const { key } of leftOver()) props.onRemove(key)
              }}
            />
          </Show>
          {props.children}
        </div>
      </div>
      <For each={failed()}>
        {attachment => <FailedUpload attachment={attachment} onRetry={() => props.attachments.retry(attachment.key)} />}
      </For>
    </Show>
  )
}

function ThumbnailList(props: AttachmentListProps) {
  const list = () => props.attachments.list
  const order = createDragOrder({
    indexOf: key => list().findIndex(attachment => attachment.key === key),
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
      <For each={list()}>
        {(attachment, index) => (
          <AttachmentThumbnail
            attachment={attachment}
            position={index() + 1}
            count={list().length}
            role={props.roles[index()] ?? null}
            roles={props.model ? listRoles(props.model) : []}
            isUnsent={isSendable(attachment) && props.model !== undefined && props.roles[index()] === null}
            isDragged={order.draggedKey() === attachment.key}
            onPointerDown={event => order.onPointerDown(event, attachment.key)}
            onSize={size => props.attachments.setSize(attachment.key, size)}
            onMove={by => props.attachments.move(attachment.key, index() + by)}
            onRole={role => props.attachments.setRole(attachment.key, role)}
            onRemove={() => props.onRemove(attachment.key)}
          />
        )}
      </For>
    </ul>
  )
}

/** Asks what becomes of the references that an earlier submission went without. */
function LeftOverLine(props: { count: number; onUse: () => void; onRemove: () => void }) {
  return (
    <p class="attachment-line" role="status">
      <span>
        {props.count === 1
          ? 'One picture was not sent with the last prompt, and will not be with the next.'
          : `${props.count} pictures were not sent with the last prompt, and will not be with the next.`}
      </span>
      <button type="button" class="quiet" onClick={() => props.onUse()}>
        {props.count === 1 ? 'Use it' : 'Use them'}
      </button>
      <button type="button" class="quiet" onClick={() => props.onRemove()}>
        {props.count === 1 ? 'Remove it' : 'Remove them'}
      </button>
    </p>
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
