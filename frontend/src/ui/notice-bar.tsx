import { onMount, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import type { UndoAction } from './notices.ts'

/** What was just done, in a few words, and what takes it back. It stays while somebody is about to use it. */
export function NoticeBar(props: { studio: Studio }) {
  const { notice, undo, pauseTimeout, resumeTimeout } = props.studio.notices
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
      <Show when={notice().undo} keyed>
        {action => <UndoButton action={action} onUndo={undo} />}
      </Show>
    </div>
  )
}

/** Takes the focus over from a control that has gone along with what it deleted. */
function UndoButton(props: { action: UndoAction; onUndo: () => void }) {
  let button: HTMLButtonElement | undefined
  onMount(() => document.activeElement === document.body && button?.focus({ preventScroll: true }))
  return (
    <button ref={button} type="button" class="notice-undo" onClick={() => props.onUndo()}>
      {props.action.label}
    </button>
  )
}
