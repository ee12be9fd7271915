import type { Density } from '../feed/row-layout.ts'
import { createPersistedChoice, type PersistedChoice } from '../ui/persisted-choice.ts'

/** Creates the choice of the size of the feed's images. `large` was the default once, and never stored then. */
export function createDensity(): PersistedChoice<Density> {
  return createPersistedChoice('darkroom.density', ['medium', 'large', 'small'])
}
