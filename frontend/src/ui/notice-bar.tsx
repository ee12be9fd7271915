import { onMount, Show } from 'solid-js'
import type { NoticeAction, Notices } from './notices.ts'

/** The notice with its action. It stays while the pointer or the keyboard's focus is on it. */
export function NoticeBar(props: { notices: Notices }) {
  const { notice, runAction, pauseTimeout, resumeTimeout } = props.notices
  return (
    <div
      class="notice"
      data-shown={notice().message !== ''}
      onPointerEnter={pauseTimeout}
      onPointerLeave={resumeTimeout}
      onFocusIn={event => event.target.matches(':focus-visible') && pauseTimeout()}
      onFocusOut={resumeTimeout}
    >
      <p role="status">{notice().message}</p>
      <Show when={notice().action} keyed>
        {action => <ActionButton action={action} onRun={runAction} />}
      </Show>
    </div>
  )
}

/** The button of a notice. It takes the focus if the control that had it was removed with what it deleted. */
function ActionButton(props: { action: NoticeAction; onRun: () => void }) {
  let button: HTMLButtonElement | undefined
  onMount(() => document.activeElement === document.body && button?.focus({ preventScroll: true }))
  return (
    <button ref={button} type="button" class="notice-undo" onClick={() => props.onRun()}>
      {props.action.label}
    </button>
  )
}
