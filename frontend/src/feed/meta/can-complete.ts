import { countMissing } from '../../store/available-actions.ts'
import type { Row } from '../../store/generation-window.ts'
import { hasNoMedia } from '../shown-outputs.ts'

/** Returns whether outputs of a generation are missing that can be made. */
export function canComplete({ generation, delivery }: Row): boolean {
  return (
    delivery === null && generation.status === 'completed' && countMissing(generation) > 0 && !hasNoMedia(generation)
  )
}
