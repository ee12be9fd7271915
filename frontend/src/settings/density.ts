import type { Density } from '../feed/row-layout.ts'
import { createPersistedChoice, type PersistedChoice } from '../ui/persisted-choice.ts'

/** Creates the choice of the size of the feed's images. */
export function createDensity(): PersistedChoice<Density> {
  return createPersistedChoice('darkroom.density', ['large', 'medium', 'small'])
}
