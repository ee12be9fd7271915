const STEPS: Record<string, number> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 8,
  PageUp: -8,
  Home: -Infinity,
  End: Infinity,
}

export interface FocusMove {
  search: HTMLElement | undefined
  event: KeyboardEvent
  /** Id of the model that is marked while the search field has the focus. */
  currentId: string | undefined
}

/** Moves the focus to the row of a model. */
export function focusRow(layer: HTMLElement, id: string): void {
  listRows(layer)
    .find(row => row.dataset.model === id)
    ?.querySelector<HTMLElement>('.picker-choice')
    ?.focus()
}

/** Moves the focus between the search field and the rows by a key. @returns whether the key moves the focus */
export function moveFocus(layer: HTMLElement, { search, event: { key, target }, currentId }: FocusMove): boolean {
  const step = STEPS[key]
  const isInSearch = target === search
  // Home and End move the caret of the search field.
  if (step === undefined || (isInSearch && !key.startsWith('Arrow'))) return false
  const rows = listRows(layer)
  const index = rows.findIndex(row => (isInSearch ? row.dataset.model === currentId : row.contains(target as Node)))
  const next = isInSearch && key === 'ArrowDown' ? index : index + step
  const id = rows[Math.min(Math.max(next, 0), rows.length - 1)]?.dataset.model
  if (next < 0 && key === 'ArrowUp') search?.focus()
  else if (id !== undefined) focusRow(layer, id)
  return true
}

function listRows(layer: HTMLElement): HTMLElement[] {
  return [...layer.querySelectorAll<HTMLElement>('[data-model]')]
}
