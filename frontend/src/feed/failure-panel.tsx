import type { Generation } from '@darkroom/contracts/generation'
import { For, Show } from 'solid-js'
import { formatPromptStart } from '../ui/format.ts'
import { MenuButton } from '../ui/menu.tsx'
import type { ListElsewhere } from '../verbs/output-menu.ts'
import { ActionButton, type RunAction } from './action-button.tsx'
import {
  ELSEWHERE_LABEL,
  formatFailure,
  formatHelpLabel,
  type HelpAction,
  helpWithFailure,
  isPageAction,
  type PageAction,
} from './failure-help.ts'

/** The actions that may help with a generation without outputs. */
export interface FailureActions {
  runAction: RunAction
  /** Takes a generation over into the composer, opened at what is to be changed. */
  change: (generation: Generation, action: Exclude<PageAction, 'connections'>) => void
  listElsewhere?: ListElsewhere | undefined
}

interface FailurePanelProps {
  generation: Generation
  actions: FailureActions
}

/** The panel of a generation without outputs: the reason, what was billed, and the actions that may help. */
export function FailurePanel(props: FailurePanelProps) {
  const help = () => helpWithFailure(props.generation)
  return (
    <div class="panel">
      <p class="panel-title">{help().title}</p>
      <p title={props.generation.error?.message}>{formatFailure(props.generation)}</p>
      <p class="panel-actions">
        <For each={help().actions}>
          {(action, index) => <HelpButton {...props} action={action} variant={index() === 0 ? 'solid' : 'quiet'} />}
        </For>
        <ElsewhereButton {...props} />
      </p>
    </div>
  )
}

/** The button with the models of other connections that can make it, where there are any. */
function ElsewhereButton(props: FailurePanelProps) {
  const items = () => props.actions.listElsewhere?.(props.generation) ?? []
  return (
    <Show when={items().length > 0}>
      <MenuButton
        label={`${ELSEWHERE_LABEL}: ${formatPromptStart(props.generation.prompt)}`}
        text={ELSEWHERE_LABEL}
        class="quiet"
        items={items()}
      />
    </Show>
  )
}

function HelpButton(props: FailurePanelProps & { action: HelpAction; variant: 'solid' | 'quiet' }) {
  const pageAction = () => (isPageAction(props.action) && props.action !== 'connections' ? props.action : undefined)
  const serverAction = () => (isPageAction(props.action) ? undefined : props.action)
  return (
    <Show when={serverAction()} fallback={<PageButton {...props} action={pageAction()} />}>
      {action => (
        <ActionButton
          action={action()}
          generation={props.generation}
          variant={props.variant}
          runAction={props.actions.runAction}
        />
      )}
    </Show>
  )
}

/** A button that changes the draft, or without an action the link to the connections. */
function PageButton(
  props: FailurePanelProps & { action: Exclude<PageAction, 'connections'> | undefined; variant: 'solid' | 'quiet' },
) {
  return (
    <Show
      when={props.action}
      fallback={
        <a class={props.variant} href="#settings/connections">
          {formatHelpLabel('connections', props.generation)}
        </a>
      }
    >
      {action => (
        <button
          type="button"
          class={props.variant}
          aria-label={`${formatHelpLabel(action(), props.generation)}: ${formatPromptStart(props.generation.prompt)}`}
          onClick={() => props.actions.change(props.generation, action())}
        >
          {formatHelpLabel(action(), props.generation)}
        </button>
      )}
    </Show>
  )
}
