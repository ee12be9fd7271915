import { onCleanup, onMount } from 'solid-js'

interface LeaveDialogProps {
  onStay: () => void
  onLeave: () => void
}

/** Asks before the mask editor is closed with something painted in it. */
export function LeaveDialog(props: LeaveDialogProps) {
  const opener = document.activeElement
  let dialog: HTMLDialogElement | undefined
  onMount(() => dialog?.showModal())
  onCleanup(() => {
    dialog?.close()
    if (opener instanceof HTMLElement) opener.focus({ preventScroll: true })
  })
  return (
    <dialog
      ref={dialog}
      class="mask-leave"
      aria-labelledby="mask-leave-title"
      onCancel={event => {
        event.preventDefault()
        event.stopPropagation()
        props.onStay()
      }}
    >
      <h2 id="mask-leave-title">Close without changing anything?</h2>
      <p>What you have painted is here again when you open this picture, until you close or reload the page.</p>
      <div class="mask-leave-actions">
        <button type="button" class="quiet" onClick={() => props.onStay()}>
          Go on painting
        </button>
        <button type="button" class="solid" onClick={() => props.onLeave()}>
          Close
        </button>
      </div>
    </dialog>
  )
}
