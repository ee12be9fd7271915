import { createSignal } from 'solid-js'

/** What takes back what was just done. */
export interface UndoAction {
  label: string
  run: () => void
}

export interface Notice {
  message: string
  undo: UndoAction | null
}

const SHORT_NOTICE_MS = 4_000
const LONG_NOTICE_MS = 10_000
/** Longer words take longer to read. */
const SHORT_MESSAGE_LENGTH = 60

/** Short words about what the person has just done. They go by themselves, but not from under a hand. */
export function createNotices() {
  const [notice, setNotice] = createSignal<Notice>({ message: '', undo: null })
  let timer: number | undefined

  const hide = () => setNotice({ message: '', undo: null })
  const scheduleHide = () => {
    clearTimeout(timer)
    const { message, undo } = notice()
    timer = window.setTimeout(hide, undo || message.length > SHORT_MESSAGE_LENGTH ? LONG_NOTICE_MS : SHORT_NOTICE_MS)
  }

  function notify(message: string, undo: UndoAction | null = null) {
    setNotice({ message, undo })
    scheduleHide()
  }

  /** Takes back what the notice tells of. */
  function undo() {
    const action = notice().undo
    clearTimeout(timer)
    hide()
    action?.run()
  }

  return { notice, notify, undo, pauseTimeout: () => clearTimeout(timer), resumeTimeout: scheduleHide }
}
