import { createUniqueId, type JSX, onMount } from 'solid-js'

interface DialogProps {
  title: string
  children: JSX.Element
  onClose: () => void
}

/** A modal dialog with a heading. Escape closes it, and the focus returns to where it was. */
export function Dialog(props: DialogProps) {
  const id = createUniqueId()
  let dialog: HTMLDialogElement | undefined
  onMount(() => {
    dialog?.showModal()
    // The button that gets the focus may be at the end of a long text.
    dialog?.scrollTo(0, 0)
  })
  const closeOutside = (event: MouseEvent) => event.target === dialog && dialog.close()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the key of a click outside.
    <dialog
      ref={dialog}
      class="plain-dialog"
      aria-labelledby={id}
      onClose={() => props.onClose()}
      onClick={closeOutside}
    >
      <div class="plain-dialog-content">
        <h2 id={id}>{props.title}</h2>
        {props.children}
      </div>
    </dialog>
  )
}
