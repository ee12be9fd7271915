import { type Accessor, createSignal } from 'solid-js'

/** The action that a notice offers, such as undoing what was just done. */
export interface NoticeAction {
  label: string
  run: () => void
}

export interface Notice {
  /** Empty while no notice is shown. */
  message: string
  action: NoticeAction | null
}

/** The notices of the page, one at a time. */
export interface Notices {
  notice: Accessor<Notice>
  /** Shows a notice in place of the last one. It is hidden again after a time that depends on its length. */
  notify(message: string, action?: NoticeAction | null): void
  /** Runs the action of the notice and hides it. */
  runAction(): void
  /** Keeps the notice until `resumeTimeout`: the user is about to use it. */
  pauseTimeout(): void
  resumeTimeout(): void
}

const SHORT_NOTICE_MS = 4_000
const LONG_NOTICE_MS = 10_000
/** Length in characters from which on a message takes longer to read. */
const SHORT_MESSAGE_LENGTH = 60

const NO_NOTICE: Notice = { message: '', action: null }

/** Creates the notices: short messages about what the user has just done. */
export function createNotices(): Notices {
  const [notice, setNotice] = createSignal<Notice>(NO_NOTICE)
  let timer: number | undefined

  const hide = () => setNotice(NO_NOTICE)
  const scheduleHide = () => {
    clearTimeout(timer)
    const { message, action } = notice()
    timer = window.setTimeout(hide, action || message.length > SHORT_MESSAGE_LENGTH ? LONG_NOTICE_MS : SHORT_NOTICE_MS)
  }

  function notify(message: string, action: NoticeAction | null = null) {
    setNotice({ message, action })
    scheduleHide()
  }

  function runAction() {
    const { action } = notice()
    clearTimeout(timer)
    hide()
    action?.run()
  }

  return { notice, notify, runAction, pauseTimeout: () => clearTimeout(timer), resumeTimeout: scheduleHide }
}
