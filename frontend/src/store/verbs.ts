import { findFailure } from '@darkroom/contracts/failures'
import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'

/** What a person can have the studio do about a generation that stands still or should. */
export type Verb = 'cancel' | 'retry' | 'check' | 'complete'

/** What can be done about a generation, what helps most likely first. */
export function listVerbs(generation: Generation): Verb[] {
  const { status, error } = generation
  if (!isTerminal(status)) return ['cancel']
  if (status === 'cancelled') return ['retry']
  if (status === 'completed') return countMissing(generation) > 0 ? ['complete'] : []
  return findFailure(error?.code ?? '')?.canCheck ? ['check', 'retry'] : ['retry']
}

/** What a verb is called where it stands for what it does. */
export function formatVerbLabel(verb: Verb, generation: Generation): string {
  if (verb === 'retry') return isUnknownOutcome(generation) ? 'Submit anyway' : 'Try again'
  if (verb === 'check') return 'Check again'
  if (verb === 'cancel') return 'Cancel'
  const missing = countMissing(generation)
  return missing === 1 ? 'Get the missing one' : `Get the missing ${missing}`
}

/** What a verb means, in a sentence, for whoever hesitates. */
export function formatVerbHint(verb: Verb, generation: Generation): string {
  if (verb === 'check') return 'Asks the provider what became of it. Nothing is billed by that.'
  if (verb === 'cancel') return 'Stops it, and asks the provider to stop.'
  if (generation.cost === null) return 'Makes what is missing.'
  if (verb === 'retry' && isUnknownOutcome(generation))
    return 'Makes it again. If it was made before, it is billed twice.'
  return 'Makes what is missing, which is billed anew.'
}

/** How many outputs are not there and will not come by themselves. */
export function countMissing({ outputs, status }: Generation): number {
  if (!isTerminal(status)) return 0
  return outputs.filter(({ state }) => state === 'failed' || state === 'lost' || state === 'pending').length
}

/** Whether nobody knows if the provider has made it. */
export function isUnknownOutcome({ error }: Generation): boolean {
  return error?.code === 'unknown_outcome'
}
