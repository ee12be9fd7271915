import { isVisible } from '../lightbox/is-visible.ts'
import type { GenerationStore } from '../store/generation-store.ts'
import type { Row } from '../store/generation-window.ts'

export interface RowFocusOptions {
  store: Pick<GenerationStore, 'current' | 'loadOlder' | 'loadNewer'>
  feedControl: {
    currentPosition: () => object | null
    anchorKey: () => string | undefined
    showRow: (key: string) => void
  }
}

/** The row and the output that have the focus. */
export interface FocusedMedia {
  row: Row
  /** Index of the output; null if the focus is elsewhere in the row. */
  index: number | null
}

export type RowFocus = ReturnType<typeof createRowFocus>

/** Time within which a row that was scrolled to is rendered whole. */
const RENDER_DEADLINE_MS = 3_000

/** Creates the focus on rows of the feed, which are rendered only near the view. */
export function createRowFocus({ store, feedControl }: RowFocusOptions) {
  let lastMove = 0
  /** Key of the row that gets the focus once it is rendered. What is pressed until then is meant for it. */
  let awaitedKey: string | undefined

  /** Returns the row and the output with the focus; undefined if it is not in the feed. */
  function findFocused(): FocusedMedia | undefined {
    const awaited = store.current().byKey.get(awaitedKey ?? '')
    return awaited ? { row: awaited, index: awaited.generation.outputs.find(isVisible)?.index ?? null } : findInPage()
  }

  function findInPage(): FocusedMedia | undefined {
    const article = document.activeElement?.closest<HTMLElement>('article')
    const row = store.current().byKey.get(article?.dataset.key ?? '')
    if (!row) return undefined
    const tile = document.activeElement?.closest('.tile') ?? document.activeElement
    const media =
      tile?.closest<HTMLElement>('[data-output-index]') ?? tile?.querySelector<HTMLElement>('[data-output-index]')
    return { row, index: media ? Number(media.dataset.outputIndex) : null }
  }

  /** Moves the focus by a number of rows, and reads more of the list where it ends. Without a focus it goes to the newest, or the row being read. */
  async function moveBy(step: 1 | -1) {
    const key = findFocused()?.row.key
    if (key === undefined) return await focusRow(findStartKey())
    const next = findNeighbourKey(key, step)
    if (next !== undefined) return await focusRow(next)
    await (step < 0 ? store.loadOlder() : store.loadNewer())
    await focusRow(findNeighbourKey(key, step))
  }

  function findStartKey(): string | undefined {
    const newest = store.current().rows.at(-1)?.key
    return feedControl.currentPosition() === null ? newest : (feedControl.anchorKey() ?? newest)
  }

  /** Returns the key of the row beside another one: of those that stay, if that one is removed. */
  function findNeighbourKey(key: string, step: 1 | -1): string | undefined {
    const { rows } = store.current()
    const index = rows.findIndex(row => row.key === key)
    return index < 0 ? undefined : rows[index + step]?.key
  }

  /** Scrolls a row into view and focuses its first picture. The last call wins. */
  async function focusRow(key: string | undefined) {
    if (key === undefined) return
    lastMove += 1
    const move = lastMove
    awaitedKey = key
    feedControl.showRow(key)
    const deadline = performance.now() + RENDER_DEADLINE_MS
    while (move === lastMove && performance.now() < deadline) {
      const target = findRowTarget(key)
      target?.focus({ preventScroll: true })
      if (target && document.activeElement === target) break
      await new Promise(resolve => requestAnimationFrame(resolve))
    }
    if (move === lastMove) awaitedKey = undefined
  }

  return { findFocused, moveBy, focusRow, findNeighbourKey }
}

/** Returns the element of a row that takes the focus: its tab stop, which is its first picture if it has any. */
function findRowTarget(key: string): HTMLElement | null {
  const article = document.querySelector<HTMLElement>(`article[data-key="${key}"]`)
  if (!article) return null
  const targets = ['[data-output-index][tabindex="0"]', '[data-output-index]', 'button, a']
  return targets.map(selector => article.querySelector<HTMLElement>(selector)).find(found => found !== null) ?? article
}
