import type { Connection } from '@darkroom/contracts/connection'
import { createUniqueId, onMount } from 'solid-js'

interface RemoveDialogProps {
  connection: Connection
  onRemove: () => void
  onCancel: () => void
}

/** The confirmation before a connection is removed, with what happens then. */
export function RemoveDialog(props: RemoveDialogProps) {
  const id = createUniqueId()
  let dialog: HTMLDialogElement | undefined
  onMount(() => dialog?.showModal())
  return (
    <dialog
      ref={dialog}
      class="confirm-dialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onClose={props.onCancel}
    >
      <h2 id={`${id}-title`}>Remove {props.connection.name}?</h2>
      <p id={`${id}-text`}>
        {props.connection.key === 'stored' ? 'Its key is deleted from this studio. ' : ''}Its models leave the picker.
        What is being made ends as usual, and what is queued waits until the connection is there again, or you cancel
        it. Pictures stay.
      </p>
      <div class="settings-buttons">
        <button type="button" class="solid" onClick={() => props.onRemove()}>
          Remove
        </button>
        <button type="button" class="soft" autofocus onClick={() => dialog?.close()}>
          Cancel
        </button>
      </div>
    </dialog>
  )
}
