import type { Density } from '../feed/row-layout.ts'
import { createPersistedChoice, type PersistedChoice } from '../ui/persisted-choice.ts'

/** How large the person wants the pictures of the feed. */
export function createDensity(): PersistedChoice<Density> {
  return createPersistedChoice('darkroom.density', ['large', 'medium', 'small'])
}
