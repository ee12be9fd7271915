import { createUniqueId, type JSX, onCleanup, onMount } from 'solid-js'

interface DialogProps {
  title: string
  children: JSX.Element
  onClose: () => void
}

/** A modal dialog with a heading. Escape closes it, and the focus returns to where it was. */
export function Dialog(props: DialogProps) {
  const id = createUniqueId()
  let dialog: HTMLDialogElement | undefined
  let isEnded = false
  onMount(() => {
    dialog?.showModal()
    // The button that gets the focus may be at the end of a long text.
    dialog?.scrollTo(0, 0)
  })
  onCleanup(() => {
    isEnded = true
  })

  /** Reports the end once. The event comes a moment after the dialog has closed: by then a key may have opened another one. */
  function end() {
    if (isEnded) return
    isEnded = true
    props.onClose()
  }

  /** Closes the dialog before the next key: until then that key would be this dialog's, or end the one that it opens. */
  function close() {
    dialog?.close()
    end()
  }

  const closeOutside = (event: MouseEvent) => event.target === dialog && close()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the key of a click outside.
    <dialog
      ref={dialog}
      class="plain-dialog"
      aria-labelledby={id}
      onClose={end}
      onCancel={close}
      onClick={closeOutside}
    >
      <div class="plain-dialog-content">
        <h2 id={id}>{props.title}</h2>
        {props.children}
      </div>
    </dialog>
  )
}
