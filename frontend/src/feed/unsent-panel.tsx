import type { Generation } from '@darkroom/contracts/generation'
import type { Accessor } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import { formatPromptStart } from '../ui/format.ts'

export interface UnsentActions {
  resend: (key: string) => void
  edit: (key: string, generation: Generation) => void
}

interface UnsentPanelProps {
  row: Accessor<Row | undefined>
  problem: string | null
  actions: UnsentActions
}

/** The panel of a submission that has not reached the studio: the reason, and the actions that may help. */
export function UnsentPanel(props: UnsentPanelProps) {
  const start = () => formatPromptStart(props.row()?.generation.prompt ?? '')
  const withRow = (act: (row: Row) => void) => () => {
    const row = props.row()
    if (row) act(row)
  }
  return (
    <div class="panel" role="alert">
      <p class="panel-title">{props.problem === null ? 'Not sent yet' : 'The studio did not take this'}</p>
      <p>{props.problem ?? 'The studio cannot take it at the moment. It goes out by itself as soon as it can.'}</p>
      <p class="panel-actions">
        <button
          type="button"
          class="solid"
          aria-label={`Try again: ${start()}`}
          onClick={withRow(row => props.actions.resend(row.key))}
        >
          Try again
        </button>
        <button
          type="button"
          class="quiet"
          aria-label={`Edit: ${start()}`}
          onClick={withRow(row => props.actions.edit(row.key, row.generation))}
        >
          Edit
        </button>
      </p>
    </div>
  )
}
