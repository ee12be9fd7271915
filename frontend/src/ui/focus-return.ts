const DEADLINE_MS = 4_000
/** Time within which the rows of a change are removed from the page. */
const GUARD_MS = 500

/**
 * Moves the focus from a control that is going away to the prompt, and from there to the row of a generation once it is in the page,
 * unless the user has gone on meanwhile. On a touch screen the prompt is left out: it would open the keyboard.
 */
export function returnFocusToRow(generationId: string | undefined): void {
  const prompt = document.querySelector<HTMLElement>('.prompt-field')
  if (hasFinePointer()) prompt?.focus({ preventScroll: true })
  if (generationId === undefined || focusRow(generationId)) return
  const before = document.activeElement
  const observer = new MutationObserver(() => {
    if (document.activeElement !== before || focusRow(generationId)) observer.disconnect()
  })
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['data-generation-id'] })
  setTimeout(() => observer.disconnect(), DEADLINE_MS)
}

/** Returns whether a field can have the focus by itself: on a touch screen that would open the keyboard. */
export function hasFinePointer(): boolean {
  return matchMedia('(hover) and (pointer: fine)').matches
}

/**
 * Gives the focus to a control that stays, should the one that has it be removed within the next frames: to the first picture in view, else
 * to the prompt or the search, or by touch to the header.
 */
export function guardFocus(): void {
  const deadline = performance.now() + GUARD_MS
  const check = () => {
    if (document.activeElement !== document.body) return performance.now() < deadline && requestAnimationFrame(check)
    const fields = hasFinePointer() ? ['.prompt-field', '.search input'] : ['.header a, .header button']
    for (const target of [findImageInView(), ...fields.map(field => document.querySelector<HTMLElement>(field))]) {
      target?.focus({ preventScroll: true })
      if (target && document.activeElement === target) return
    }
  }
  requestAnimationFrame(check)
}

/** Finds the first picture of the feed that is in view; null if there is none. */
function findImageInView(): HTMLElement | null {
  const images = [...document.querySelectorAll<HTMLElement>('article [data-output-index]')]
  return images.find(image => image.getBoundingClientRect().bottom > 0) ?? null
}

/** Focuses a row, or the first control in it. @returns whether that has the focus: a row of fast scrolling has nothing that takes it */
function focusRow(generationId: string): boolean {
  const row = document.querySelector<HTMLElement>(`article[data-generation-id="${CSS.escape(generationId)}"]`)
  const target = row?.matches('[tabindex]') ? row : row?.querySelector<HTMLElement>('[tabindex="0"], button, a[href]')
  target?.focus({ preventScroll: true })
  return target instanceof HTMLElement && document.activeElement === target
}
