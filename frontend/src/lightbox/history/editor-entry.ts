import type { MaskTarget } from '../../mask/mask-target.ts'

/**
 * Adds the entry of the editor that is open over an output: Back leaves the editor and not the page with what is painted. It names the
 * output as an entry of the lightbox does, which is what Forward and a reload show.
 */
export function addEditorEntry({ generation, output }: MaskTarget): void {
  const lightbox = { id: generation.id, index: output.index }
  history.pushState({ ...history.state, lightbox, isEditor: true }, '')
}

/** Returns whether the entry of the history is that of an editor. */
export function isEditorEntry(): boolean {
  return history.state?.isEditor === true
}

/** Makes an entry of the lightbox of one whose editor was closed before. */
export function replaceEditorEntry(): void {
  if (isEditorEntry()) history.replaceState({ ...history.state, isEditor: false }, '')
}

/** Closes the open editor as Escape does, which asks first if something is painted. */
export function leaveEditor(): void {
  document.querySelector('dialog.mask-editor')?.dispatchEvent(new Event('cancel', { cancelable: true }))
}
