import { createEffect, createSignal, onCleanup, onMount, Show } from 'solid-js'
import { returnFocusToRow } from './focus-return.ts'
import { formatNotice, type NoticeAction, type Notices } from './notices.ts'

/** The notice with its action. It stays while the pointer or the keyboard's focus is on it, and never covers what has the focus. */
export function NoticeBar(props: { notices: Notices }) {
  const { notice, runAction, pauseTimeout, resumeTimeout } = props.notices
  const [isAtTop, setAtTop] = createSignal(false)
  let bar: HTMLDivElement | undefined

  const run = () => {
    const { action } = notice()
    runAction()
    returnFocusToRow(action?.generationId)
  }

  createEffect(() => {
    if (notice().message === '') return
    setAtTop(false)
    queueMicrotask(() => bar && setAtTop(coversFocus(bar)))
  })

  return (
    <div
      ref={bar}
      class="notice"
      data-shown={notice().message !== ''}
      data-side={isAtTop() ? 'top' : 'bottom'}
      onPointerEnter={pauseTimeout}
      onPointerLeave={resumeTimeout}
      onFocusIn={event => event.target.matches(':focus-visible') && pauseTimeout()}
      onFocusOut={resumeTimeout}
    >
      <p role="status">{formatNotice(notice())}</p>
      <Show when={notice().action} keyed>
        {action => <ActionButton action={action} onRun={run} />}
      </Show>
    </div>
  )
}

/**
 * The button of a notice. It takes the focus if the control that had it was removed with what it deleted, and passes it on if the
 * notice is hidden meanwhile, as by the key for Undo.
 */
function ActionButton(props: { action: NoticeAction; onRun: () => void }) {
  let button: HTMLButtonElement | undefined
  onMount(() => document.activeElement === document.body && button?.focus({ preventScroll: true }))
  const { generationId } = props.action
  onCleanup(() => {
    if (document.activeElement !== button) return
    setTimeout(() => document.activeElement === document.body && returnFocusToRow(generationId))
  })
  return (
    <button ref={button} type="button" class="notice-undo" onClick={() => props.onRun()}>
      {props.action.label}
    </button>
  )
}

/** Returns whether an element lies over the control that has the focus. A whole row is larger than a notice could hide. */
function coversFocus(element: HTMLElement): boolean {
  const focused = document.activeElement
  if (!focused || focused === document.body || element.contains(focused)) return false
  const [a, b] = [element.getBoundingClientRect(), focused.getBoundingClientRect()]
  const isSmall = b.height < MAX_CONTROL_HEIGHT
  return isSmall && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

const MAX_CONTROL_HEIGHT = 120
