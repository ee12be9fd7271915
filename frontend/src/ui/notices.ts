import { type Accessor, createSignal } from 'solid-js'

/** The action that a notice offers, such as undoing what was just done. */
export interface NoticeAction {
  label: string
  run: () => void
  /** The generation that the action brings back: its row gets the focus. */
  generationId?: string
}

export interface Notice {
  /** Empty while no notice is shown. */
  message: string
  action: NoticeAction | null
  /** Number of times that the same message came while it was shown. */
  count: number
}

/** The notices of the page, one at a time. */
export interface Notices {
  notice: Accessor<Notice>
  /**
   * Shows a notice in place of the last one, or counts it if it is the same without an action. It is hidden again after a time that
   * depends on its length.
   */
  notify(message: string, action?: NoticeAction | null): void
  /** Runs the action of the notice and hides it. */
  runAction(): void
  /** Runs the last action that reverts something, and the next time the one before, also after its notice was hidden. @returns false if there is none */
  revertLast(): boolean
  /** Keeps the notice until `resumeTimeout`: the user is about to use it. */
  pauseTimeout(): void
  resumeTimeout(): void
}

const SHORT_NOTICE_MS = 4_000
const LONG_NOTICE_MS = 10_000
/** Length in characters from which on a message takes longer to read. */
const SHORT_MESSAGE_LENGTH = 60

/** Actions that can be reverted one after the other. */
const MAX_REVERSALS = 50

/** Label of an action that reverts what the notice is about. */
const REVERT_LABEL = 'Undo'

const NO_NOTICE: Notice = { message: '', action: null, count: 0 }

/** Creates the notices: short messages about what the user has just done. */
export function createNotices(): Notices {
  const [notice, setNotice] = createSignal<Notice>(NO_NOTICE)
  let timer: number | undefined
  const reversals: NoticeAction[] = []

  const hide = () => setNotice(NO_NOTICE)
  const scheduleHide = () => {
    clearTimeout(timer)
    const { message, action } = notice()
    timer = window.setTimeout(hide, action || message.length > SHORT_MESSAGE_LENGTH ? LONG_NOTICE_MS : SHORT_NOTICE_MS)
  }

  function notify(message: string, action: NoticeAction | null = null) {
    if (action?.label === REVERT_LABEL) addReversal(action)
    setNotice(shown => ({ message, action, count: isSame(shown, message, action) ? shown.count + 1 : 1 }))
    scheduleHide()
  }

  function runAction() {
    const { action } = notice()
    clearTimeout(timer)
    hide()
    if (action !== null && reversals.includes(action)) reversals.splice(reversals.indexOf(action), 1)
    action?.run()
  }

  function addReversal(action: NoticeAction) {
    reversals.push(action)
    if (reversals.length > MAX_REVERSALS) reversals.shift()
  }

  function revertLast(): boolean {
    const action = reversals.pop()
    if (action && notice().action === action) hide()
    action?.run()
    return action !== undefined
  }

  return { notice, notify, runAction, revertLast, pauseTimeout: () => clearTimeout(timer), resumeTimeout: scheduleHide }
}

/** Returns whether a notice repeats the shown one. Two with actions are not the same: each action is about something of its own. */
function isSame(shown: Notice, message: string, action: NoticeAction | null): boolean {
  return shown.message === message && shown.action === null && action === null
}

/** Formats a notice as one sentence, with how often it came. */
export function formatNotice({ message, count }: Notice): string {
  return count > 1 ? `${message} (${count} times)` : message
}
