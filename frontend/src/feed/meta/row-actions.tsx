import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { Show } from 'solid-js'
import { formatDaysLeft } from '../../library/trash-days.ts'
import type { Row } from '../../store/generation-window.ts'
import { formatPromptStart } from '../../ui/format.ts'
import { MenuButton } from '../../ui/menu.tsx'
import { ActionButton } from '../action-button.tsx'
import { hasNoMedia } from '../shown-outputs.ts'
import { canComplete } from './can-complete.ts'
import type { MetaActions } from './meta-actions.ts'
import { downloadAllUrl, listRowMenu } from './row-menu.ts'

interface RowActionsProps {
  row: Row
  actions: MetaActions
}

/** The actions below the text of a row: what helps first, then the most frequent ones, and all others in a menu. */
export function RowActionLine(props: RowActionsProps) {
  const generation = () => props.row.generation
  const start = () => formatPromptStart(generation().prompt)
  const isRunning = () => !isTerminal(generation().status)
  const hasMissing = () => canComplete(props.row)
  const elsewhere = () => props.actions.listElsewhere?.(generation()) ?? []
  return (
    <div class="row-actions">
      <Show when={hasMissing()}>
        <CompleteButton {...props} />
      </Show>
      <CancelButton {...props} />
      <Show when={needsConnection(generation())}>
        <a class="quiet" href="#settings/connections" title="Open the settings of the connections">
          Connections
        </a>
      </Show>
      <Show when={isRunning() && elsewhere().length > 0}>
        <MenuButton label={`Elsewhere: ${start()}`} text="Elsewhere" class="quiet" items={elsewhere()} />
      </Show>
      <button
        type="button"
        class="quiet"
        aria-label={`Reuse: ${start()}`}
        title="Takes prompt, settings and references over"
        onClick={() => props.actions.reuse(generation())}
      >
        Reuse
      </button>
      <Show when={!isRunning() && !hasNoMedia(generation()) && props.actions.again}>
        {again => (
          <button
            type="button"
            class="quiet"
            aria-label={`Again: ${start()}`}
            title="Makes the same once more, with a new seed"
            // The second click of a double click is none: each makes a generation that may cost money.
            onClick={event => event.detail < 2 && again()(generation())}
          >
            Again
          </button>
        )}
      </Show>
      <Show when={!isRunning() && !hasMissing() && downloadAllUrl(generation())}>
        {url => (
          <a class="quiet" href={url()} download="" aria-label={`Download all: ${start()}`}>
            Download all
          </a>
        )}
      </Show>
      <RowMenu {...props} hasButtons={true} />
    </div>
  )
}

/** The button that makes the outputs that are missing. */
export function CompleteButton(props: RowActionsProps) {
  return (
    <ActionButton
      action="complete"
      generation={props.row.generation}
      variant="quiet"
      runAction={props.actions.runAction}
    />
  )
}

/** The button that cancels a generation that is not finished. */
export function CancelButton(props: RowActionsProps) {
  return (
    <Show when={props.row.delivery === null && !isTerminal(props.row.generation.status)}>
      <ActionButton
        action="cancel"
        generation={props.row.generation}
        variant="quiet"
        runAction={props.actions.runAction}
      />
    </Show>
  )
}

/** The menu of a row. */
export function RowMenu(props: RowActionsProps & { hasButtons: boolean; onShowPrompt?: () => void }) {
  return (
    <MenuButton label={`More actions: ${formatPromptStart(props.row.generation.prompt)}`} items={listRowMenu(props)} />
  )
}

/** Returns whether a generation waits for a change of its connection that only a user can make. */
function needsConnection({ waiting }: Generation): boolean {
  return waiting?.reason === 'key-refused' || waiting?.reason === 'no-credit'
}

/** The actions of a generation in the trash: restoring it, and when it is deleted permanently. @param props `now`: in ms since 1970 */
export function TrashLine(props: RowActionsProps & { now: number }) {
  const generation = () => props.row.generation
  return (
    <div class="trash-line">
      <button
        type="button"
        class="quiet"
        aria-label={`Restore: ${formatPromptStart(generation().prompt)}`}
        onClick={() => props.actions.restoreFromTrash?.(generation())}
      >
        Restore
      </button>
      <span>{formatDaysLeft(generation().deletedAt, props.now, props.actions.trashDays?.())}</span>
    </div>
  )
}
