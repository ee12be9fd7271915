import { createSignal } from 'solid-js'

/** What takes back what was just done. */
export interface Undo {
  label: string
  run: () => void
}

export interface Notice {
  words: string
  undo: Undo | null
}

const SHORT_MS = 4_000
const LONG_MS = 10_000
/** Longer words take longer to read. */
const SHORT_WORDS = 60

/** Short words about what the person has just done. They go by themselves, but not from under a hand. */
export function createNotices() {
  const [notice, setNotice] = createSignal<Notice>({ words: '', undo: null })
  let timer: number | undefined

  const leave = () => setNotice({ words: '', undo: null })
  const leaveLater = () => {
    clearTimeout(timer)
    const { words, undo } = notice()
    timer = window.setTimeout(leave, undo || words.length > SHORT_WORDS ? LONG_MS : SHORT_MS)
  }

  function notify(words: string, undo: Undo | null = null) {
    setNotice({ words, undo })
    leaveLater()
  }

  /** Takes back what the notice tells of. */
  function undo() {
    const chosen = notice().undo
    clearTimeout(timer)
    leave()
    chosen?.run()
  }

  return { notice, notify, undo, hold: () => clearTimeout(timer), release: leaveLater }
}
