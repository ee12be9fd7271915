/** A point of a stroke, in pixels of the image. */
export interface BrushPoint {
  x: number
  y: number
  radius: number
}

/** A line of the brush, or of the eraser. */
export interface Stroke {
  kind: 'stroke'
  erases: boolean
  points: readonly BrushPoint[]
}

/** A change of the mask. */
export type MaskChange = Stroke | { kind: 'invert' } | { kind: 'clear' }

/** The changes of a mask in their order. `settled` are those that are too old to be undone. */
export interface MaskHistory {
  readonly settled: readonly MaskChange[]
  readonly done: readonly MaskChange[]
  readonly undone: readonly MaskChange[]
}

export const EMPTY_HISTORY: MaskHistory = { settled: [], done: [], undone: [] }

/** Changes that can be undone. */
export const MAX_UNDO = 100

/** Adds a change. What was undone before cannot be redone any more. */
export function addChange({ settled, done }: MaskHistory, change: MaskChange): MaskHistory {
  const all = [...done, change]
  const old = all.slice(0, -MAX_UNDO)
  return { settled: settle([...settled, ...old]), done: all.slice(-MAX_UNDO), undone: [] }
}

/** Undoes the last change. */
export function undo(history: MaskHistory): MaskHistory {
  const last = history.done.at(-1)
  if (!last) return history
  return { ...history, done: history.done.slice(0, -1), undone: [...history.undone, last] }
}

/** Redoes the change that was undone last. */
export function redo(history: MaskHistory): MaskHistory {
  const last = history.undone.at(-1)
  if (!last) return history
  return { ...history, done: [...history.done, last], undone: history.undone.slice(0, -1) }
}

/** Lists the changes that make the mask, in their order. */
export function listChanges({ settled, done }: MaskHistory): MaskChange[] {
  return [...settled, ...done]
}

/**
 * Returns whether a point is far enough from the last one of a stroke to be added to it. Nearer ones change no pixel that matters,
 * and a pen sends hundreds of them.
 */
export function isApart(last: BrushPoint | undefined, { x, y, radius }: BrushPoint): boolean {
  if (!last) return true
  const least = Math.max(1, Math.min(radius, last.radius) / 16)
  return Math.hypot(x - last.x, y - last.y) >= least
}

/** Drops what a later `clear` has removed. */
function settle(changes: readonly MaskChange[]): readonly MaskChange[] {
  const cleared = changes.findLastIndex(({ kind }) => kind === 'clear')
  return changes.slice(cleared + 1)
}
