import type { InputRole } from '@darkroom/contracts/model'
import type { PixelSize } from '@darkroom/contracts/size'
import { For, Match, Show, Switch } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import type { Attachment } from './attachment.ts'
import { ROLE_LABELS } from './reference-roles.ts'

interface AttachmentThumbnailProps {
  attachment: Attachment
  /** Position in the order, from 1. */
  position: number
  count: number
  /** The role in which it is sent; null if it is not sent. */
  role: InputRole | null
  /** Roles that can be chosen. */
  roles: readonly InputRole[]
  /** Whether it is not sent, although it could be: the model takes fewer, or an earlier submission went without it. */
  isUnsent: boolean
  isDragged: boolean
  onPointerDown: (event: PointerEvent) => void
  /** Called with the size of the preview once it is shown. */
  onSize: (size: PixelSize) => void
  onMove: (by: number) => void
  onRole: (role: InputRole) => void
  onRemove: () => void
}

const ARROW_STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 }
const REMOVE_KEYS = ['Delete', 'Backspace']

/** A reference of the draft, with the progress of its upload and its role. Arrow keys move it, Delete removes it. */
export function AttachmentThumbnail(props: AttachmentThumbnailProps) {
  const label = () =>
    `Reference ${props.position} of ${props.count}${props.isUnsent ? ', not sent' : ''}. Arrow keys move it, Delete removes it.`
  const onKeyDown = (event: KeyboardEvent) => {
    const { currentTarget, key } = event
    const step = ARROW_STEPS[key]
    const isRemoval = REMOVE_KEYS.includes(key)
    if (step === undefined && !isRemoval) return
    event.preventDefault()
    if (isRemoval && currentTarget instanceof HTMLElement) focusNeighbour(currentTarget)
    if (isRemoval) props.onRemove()
    if (step !== undefined) props.onMove(step)
    // A moved element loses the focus.
    if (step !== undefined && currentTarget instanceof HTMLElement) currentTarget.focus()
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
      <Caption {...props} />
    </li>
  )
}

/** The line below a thumbnail: that it is not sent, or its role where the model has more than references. */
function Caption(props: AttachmentThumbnailProps) {
  const hasRoles = () => props.roles.length > 1
  const isPlain = () => props.roles.length === 1 && props.roles[0] === 'reference'
  return (
    <Switch>
      <Match when={props.isUnsent && (!hasRoles() || props.attachment.isLeftOver)}>
        <span class="attachment-caption unsent" aria-hidden="true">
          Not sent
        </span>
      </Match>
      <Match when={(props.role === 'mask' || !(hasRoles() || isPlain())) && props.role}>
        {role => <span class="attachment-caption">{ROLE_LABELS[role()]}</span>}
      </Match>
      <Match when={hasRoles()}>
        <RoleSelect {...props} />
      </Match>
    </Switch>
  )
}

function RoleSelect(props: AttachmentThumbnailProps) {
  const choose = (value: string) => {
    const role = props.roles.find(option => option === value)
    if (role) props.onRole(role)
  }
  return (
    <span class="attachment-role" classList={{ unsent: props.isUnsent }}>
      <select aria-label={`Role of reference ${props.position}`} onChange={event => choose(event.currentTarget.value)}>
        <Show when={props.role === null}>
          <option value="" selected>
            Not sent
          </option>
        </Show>
        <For each={props.roles}>
          {role => (
            <option value={role} selected={role === props.role}>
              {ROLE_LABELS[role]}
            </option>
          )}
        </For>
      </select>
      <Icon name="expand" />
    </span>
  )
}

/** Moves the focus from a thumbnail that is removed to the next one, else to the one before it, else to the prompt. */
function focusNeighbour(button: HTMLElement): void {
  const item = button.closest('li')
  const neighbour = item?.nextElementSibling ?? item?.previousElementSibling
  const target =
    neighbour?.querySelector<HTMLElement>('.attachment-picture') ?? button.closest('form')?.querySelector('textarea')
  target?.focus({ preventScroll: true })
}
