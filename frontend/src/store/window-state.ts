import { EMPTY_WINDOW, type GenerationWindow } from './generation-window.ts'
import { trimWindow } from './window-pages.ts'

/** Progress of reading: the first page, the pages at both ends of the window, and moves. */
export interface LoadState {
  first: 'loading' | 'ready' | 'failed'
  older: 'idle' | 'loading' | 'failed'
  newer: 'idle' | 'loading' | 'failed'
  /** Whether the window is being moved to another location. */
  isMoving: boolean
  problem: string | null
}

export type WindowListener = (now: GenerationWindow, before: GenerationWindow) => void

export type WindowState = ReturnType<typeof createWindowState>

/** The largest window, and by how much it is trimmed beyond that. */
const WINDOW_SIZE = { maxRows: 1_000, slack: 100 }

/** Creates the current window and its load state. Every change is a commit, which trims the window and calls the listeners. */
export function createWindowState() {
  let window = EMPTY_WINDOW
  let loadState: LoadState = { first: 'loading', older: 'idle', newer: 'idle', isMoving: false, problem: null }
  let getAnchorKey: () => string | null = () => null
  const listeners = new Set<WindowListener>()

  function commit(next: GenerationWindow, changes: Partial<LoadState> = {}) {
    const before = window
    const anchorKey = getAnchorKey()
    window = anchorKey === null ? next : trimWindow(next, anchorKey, WINDOW_SIZE)
    loadState = { ...loadState, ...changes }
    for (const listener of listeners) listener(window, before)
  }

  /** Calls the listener after every commit, until the returned function is called. */
  function subscribe(listener: WindowListener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Sets the source of the key of the row being read, which trimming preserves; null means that nothing may be trimmed now. */
  function setTrimAnchor(getKey: () => string | null) {
    getAnchorKey = getKey
  }

  return { current: () => window, loadState: () => loadState, commit, subscribe, setTrimAnchor }
}
