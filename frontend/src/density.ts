import { type Choice, createChoice } from './choice.ts'
import type { Density } from './layout.ts'

/** How large the person wants the pictures of the feed. */
export function createDensity(): Choice<Density> {
  return createChoice('darkroom.density', ['large', 'medium', 'small'])
}
