/** Creates the reference to the prompt's field that lets other parts of the page focus it. */
export function createPromptFocus() {
  let promptField: HTMLTextAreaElement | undefined

  /** Takes the field once it is in the page. */
  function mountPrompt(field: HTMLTextAreaElement) {
    promptField = field
  }

  /** Focuses the prompt, with the caret at its end. The page is not scrolled. */
  function focusPrompt() {
    promptField?.focus({ preventScroll: true })
    promptField?.setSelectionRange(promptField.value.length, promptField.value.length)
  }

  return { mountPrompt, focusPrompt }
}
