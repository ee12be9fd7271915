import type { Connection } from '@darkroom/contracts/connection'
import { Show } from 'solid-js'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { formatCheck } from './connection-words.ts'
import type { DraftProgress } from './draft-check.ts'

interface CheckResultProps {
  progress: DraftProgress
  /** The draft as the studio has it; undefined before. */
  connection: Connection | undefined
  /** The sentence about what is missing, before anything can be checked. */
  hint: string
  now: number
}

interface Shown {
  icon: IconName | null
  title: string
  text: string
}

/** The result of the check, in a box whose height is reserved. It is read out when it changes. */
export function CheckResult(props: CheckResultProps) {
  const shown = () => describeCheck(props)
  return (
    <div class="check-result" role="status" data-empty={shown().title === ''}>
      <Show when={shown().icon}>
        {name => (
          <span class="check-icon" data-icon={name()}>
            <Icon name={name()} />
          </span>
        )}
      </Show>
      <p>
        <Show when={shown().title}>
          <b>{shown().title}</b>{' '}
        </Show>
        {shown().text}
      </p>
    </div>
  )
}

function describeCheck({ progress, connection, hint, now }: CheckResultProps): Shown {
  if (progress.phase === 'incomplete') return { icon: null, title: '', text: hint }
  if (progress.phase === 'refused') return { icon: 'warning', title: 'Not taken.', text: progress.problem ?? '' }
  if (progress.phase !== 'sent' || !connection) return { icon: null, title: 'Checking…', text: 'This costs nothing.' }
  return { icon: selectIcon(connection.state.kind), ...formatCheck(connection, now) }
}

function selectIcon(kind: Connection['state']['kind']): IconName | null {
  if (kind === 'checking') return null
  return kind === 'ok' || kind === 'limited' ? 'check' : 'warning'
}
