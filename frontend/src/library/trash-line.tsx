import type { Generation } from '@darkroom/contracts/generation'
import { formatPromptStart } from '../ui/format.ts'
import { formatDaysLeft } from './trash-days.ts'

interface TrashLineProps {
  generation: Generation
  /** The time, in ms since 1970. */
  now: number
  onRestore: (generation: Generation) => void
}

/** The actions of a generation in the trash: restoring it, and when it is deleted permanently. */
export function TrashLine(props: TrashLineProps) {
  return (
    <div class="trash-line">
      <button
        type="button"
        class="quiet"
        aria-label={`Restore: ${formatPromptStart(props.generation.prompt)}`}
        onClick={() => props.onRestore(props.generation)}
      >
        Restore
      </button>
      <span>{formatDaysLeft(props.generation.deletedAt, props.now)}</span>
    </div>
  )
}
