import type { Density } from '../feed/row-layout.ts'
import { type Choice, createChoice } from '../ui/persisted-choice.ts'

/** How large the person wants the pictures of the feed. */
export function createDensity(): Choice<Density> {
  return createChoice('darkroom.density', ['large', 'medium', 'small'])
}
