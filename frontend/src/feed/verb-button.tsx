import type { Generation } from '@darkroom/contracts/generation'
import { Show } from 'solid-js'
import { formatVerbHint, formatVerbLabel, type Verb } from '../store/verbs.ts'
import type { Studio } from '../studio.ts'
import { Icon, type IconName } from '../ui/icons.tsx'

interface VerbButtonProps {
  studio: Studio
  verb: Verb
  generation: Generation
  variant: 'quiet' | 'solid'
  icon?: IconName
}

/** Has the studio do something about a generation. */
export function VerbButton(props: VerbButtonProps) {
  return (
    <button
      type="button"
      class={props.variant}
      title={formatVerbHint(props.verb, props.generation)}
      onClick={() => void props.studio.acting.act(props.verb, props.generation)}
    >
      <Show when={props.icon}>{name => <Icon name={name()} />}</Show>
      <span>{formatVerbLabel(props.verb, props.generation)}</span>
    </button>
  )
}
