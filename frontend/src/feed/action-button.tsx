import type { Generation } from '@darkroom/contracts/generation'
import { Show } from 'solid-js'
import { type ActionName, formatActionHint, formatActionLabel } from '../store/available-actions.ts'
import { formatPromptStart } from '../ui/format.ts'
import { Icon, type IconName } from '../ui/icons.tsx'

/** Requests an action for a generation from the studio. */
export type RunAction = (action: ActionName, generation: Generation) => void

interface ActionButtonProps {
  action: ActionName
  generation: Generation
  variant: 'quiet' | 'solid'
  icon?: IconName
  runAction: RunAction
}

/** A button that requests an action for a generation. */
export function ActionButton(props: ActionButtonProps) {
  return (
    <button
      type="button"
      class={props.variant}
      aria-label={`${formatActionLabel(props.action, props.generation)}: ${formatPromptStart(props.generation.prompt)}`}
      title={formatActionHint(props.action, props.generation)}
      onClick={() => props.runAction(props.action, props.generation)}
    >
      <Show when={props.icon}>{name => <Icon name={name()} />}</Show>
      <span>{formatActionLabel(props.action, props.generation)}</span>
    </button>
  )
}
