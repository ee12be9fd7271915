import { onCleanup, onMount } from 'solid-js'
import { guardFocus } from '../ui/focus-return.ts'

/**
 * Opens a component's dialog as a modal one, and gives the focus back to the opener when the component is removed.
 *
 * @param findFallback returns the element to focus if the opener is not in the page any more
 * @returns takes the dialog's element
 */
export function createModalDialog(findFallback: () => HTMLElement | null): (element: HTMLDialogElement) => void {
  const opener = document.activeElement
  let dialog: HTMLDialogElement | undefined

  onMount(() => {
    dialog?.showModal()
    // The dialog itself and not its first control: arrow keys show the previous and the next output.
    dialog?.focus()
  })
  onCleanup(() => {
    dialog?.close()
    const target =
      opener instanceof HTMLElement && opener.isConnected && opener !== document.body ? opener : findFallback()
    target?.focus({ preventScroll: true })
    // The row of what was shown may be removed with it: after its last picture was deleted elsewhere.
    guardFocus()
  })

  return element => {
    dialog = element
  }
}
