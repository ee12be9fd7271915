const DEADLINE_MS = 4_000

/**
 * Moves the focus from a control that is going away to the prompt, and from there to the row of a generation once it is in the page,
 * unless the user has gone on meanwhile. On a touch screen the prompt is left out: it would open the keyboard.
 */
export function returnFocusToRow(generationId: string | undefined): void {
  const prompt = document.querySelector<HTMLElement>('.prompt-field')
  if (matchMedia('(hover) and (pointer: fine)').matches) prompt?.focus({ preventScroll: true })
  if (generationId === undefined || focusRow(generationId)) return
  const before = document.activeElement
  const observer = new MutationObserver(() => {
    if (document.activeElement !== before || focusRow(generationId)) observer.disconnect()
  })
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['data-generation-id'] })
  setTimeout(() => observer.disconnect(), DEADLINE_MS)
}

/** Focuses a row, or the first control in it. @returns whether the row is in the page */
function focusRow(generationId: string): boolean {
  const row = document.querySelector<HTMLElement>(`article[data-generation-id="${CSS.escape(generationId)}"]`)
  const target = row?.matches('[tabindex]') ? row : row?.querySelector<HTMLElement>('[tabindex="0"], button, a[href]')
  target?.focus({ preventScroll: true })
  return row !== null
}
