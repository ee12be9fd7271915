import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Output } from '@darkroom/contracts/output'

/** Returns the outputs that the feed shows: those that are not deleted. */
export function listShownOutputs({ outputs }: Pick<Generation, 'outputs'>): Output[] {
  return outputs.filter(({ state }) => state !== 'deleted')
}

/** Returns whether none of a generation's outputs is visible or will be. */
export function hasNoMedia({ status, outputs }: Generation): boolean {
  return isTerminal(status) && outputs.every(output => output.url === null || output.state === 'lost')
}
