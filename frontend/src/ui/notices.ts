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

/** The notice about a change, with the action that reverts it, if anything was changed. */
export interface ChangeNotice {
  message: string
  action: NoticeAction | null
}

/** The notices of the page, one at a time. */
export interface Notices {
  notice: Accessor<Notice>
  /**
   * Shows a notice in place of the last one, or counts it if it is the same without an action. It is hidden again after a time that
   * depends on its length.
   */
  notify(message: string, action?: NoticeAction | null): void
  /**
   * Runs a change that can be reverted, and shows its notice at its end. It counts as the last change from its start on: if it is
   * reverted before its end, its action follows at once, without a notice.
   *
   * @throws what the change throws
   */
  runRevertible(change: () => Promise<ChangeNotice>): Promise<void>
  /** Runs the action of the notice, or the given one, and hides the notice about it. */
  runAction(action?: NoticeAction): void
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
  const reversals = new Set<NoticeAction>()

  const hide = () => {
    clearTimeout(timer)
    setNotice(NO_NOTICE)
  }
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

  async function runRevertible(change: () => Promise<ChangeNotice>) {
    let isReverted = false
    const markReverted = () => {
      isReverted = true
    }
    const reversal: NoticeAction = { label: REVERT_LABEL, run: markReverted }
    addReversal(reversal)
    try {
      const { message, action } = await change()
      if (isReverted && action) action.run()
      else notify(message, action && Object.assign(reversal, action))
    } finally {
      // Nothing was changed.
      if (reversal.run === markReverted) reversals.delete(reversal)
    }
  }

  function runAction(action = notice().action) {
    if (notice().action === action) hide()
    if (action) reversals.delete(action)
    action?.run()
  }

  function addReversal(action: NoticeAction) {
    reversals.add(action)
    if (reversals.size > MAX_REVERSALS) reversals.delete([...reversals][0] as NoticeAction)
  }

  function revertLast(): boolean {
    const action = [...reversals].at(-1)
    if (action) runAction(action)
    return action !== undefined
  }

  const pauseTimeout = () => clearTimeout(timer)
  return { notice, notify, runRevertible, runAction, revertLast, pauseTimeout, resumeTimeout: scheduleHide }
}

/** Returns whether a notice repeats the shown one. Two with actions are not the same: each action is about something of its own. */
function isSame(shown: Notice, message: string, action: NoticeAction | null): boolean {
  return shown.message === message && shown.action === null && action === null
}

/** Formats a notice as one sentence, with how often it came. */
export function formatNotice({ message, count }: Notice): string {
  return count > 1 ? `${message} (${count} times)` : message
}
