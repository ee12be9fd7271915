import type { Generation } from '@darkroom/contracts/generation'
import { Show } from 'solid-js'
import { formatVerbHint, formatVerbLabel, type Verb } from '../store/verbs.ts'
import { Icon, type IconName } from '../ui/icons.tsx'

/** Requests a verb for a generation from the studio. */
export type RunVerb = (verb: Verb, generation: Generation) => void

interface VerbButtonProps {
  verb: Verb
  generation: Generation
  variant: 'quiet' | 'solid'
  icon?: IconName
  runVerb: RunVerb
}

/** A button that requests a verb for a generation. */
export function VerbButton(props: VerbButtonProps) {
  return (
    <button
      type="button"
      class={props.variant}
      title={formatVerbHint(props.verb, props.generation)}
      onClick={() => props.runVerb(props.verb, props.generation)}
    >
      <Show when={props.icon}>{name => <Icon name={name()} />}</Show>
      <span>{formatVerbLabel(props.verb, props.generation)}</span>
    </button>
  )
}
