import { onMount, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import type { Undo } from './notices.ts'

/** What was just done, in a few words, and what takes it back. It stays while somebody is about to use it. */
export function NoticeBar(props: { studio: Studio }) {
  const { notice, undo, hold, release } = props.studio.notices
  return (
    <div
      class="notice"
      data-shown={notice().words !== ''}
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocusIn={event => event.target.matches(':focus-visible') && hold()}
      onFocusOut={release}
    >
      <p role="status">{notice().words}</p>
      <Show when={notice().undo} keyed>
        {offered => <UndoButton offered={offered} onUndo={undo} />}
      </Show>
    </div>
  )
}

/** Takes the focus over from a control that has gone along with what it deleted. */
function UndoButton(props: { offered: Undo; onUndo: () => void }) {
  let button: HTMLButtonElement | undefined
  onMount(() => document.activeElement === document.body && button?.focus({ preventScroll: true }))
  return (
    <button ref={button} type="button" class="notice-undo" onClick={() => props.onUndo()}>
      {props.offered.label}
    </button>
  )
}
