import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'

/** An action that a user can request for a generation that has stopped, or should stop. */
export type ActionName = 'cancel' | 'retry' | 'check' | 'complete'

/**
 * Codes of the failures after which the provider can be asked again about the same request: those with `canCheck` in the failure
 * table, which is too large for the page.
 */
export const CHECKABLE_FAILURES: readonly string[] = [
  'provider_busy',
  'provider_silent',
  'provider_unreachable',
  'provider_too_long',
  'unknown_outcome',
  'too_long',
  'gave_up',
]

/** Returns the actions that apply to a generation, the most promising first. */
export function listActions(generation: Generation): ActionName[] {
  const { status, error } = generation
  if (!isTerminal(status)) return ['cancel']
  if (status === 'cancelled') return ['retry']
  if (status === 'completed') return countMissing(generation) > 0 ? ['complete'] : []
  return CHECKABLE_FAILURES.includes(error?.code ?? '') ? ['check', 'retry'] : ['retry']
}

/** Returns an action's label. */
export function formatActionLabel(action: ActionName, generation: Generation): string {
  if (action === 'retry') return isUnknownOutcome(generation) ? 'Make it again' : 'Try again'
  if (action === 'check') return 'Ask the provider again'
  if (action === 'cancel') return 'Cancel'
  const missing = countMissing(generation)
  return missing === 1 ? 'Get the missing one' : `Get the missing ${missing}`
}

/** Returns an action's tooltip: its effect and whether it costs money, in one or two sentences. */
export function formatActionHint(action: ActionName, generation: Generation): string {
  if (action === 'check') return 'Asks the provider what became of it. Nothing is billed by that.'
  if (action === 'cancel') return 'Stops it, and asks the provider to stop.'
  if (generation.cost === null) return 'Makes what is missing.'
  if (action === 'retry' && isUnknownOutcome(generation))
    return 'Makes it again. If it was made before, it is billed twice.'
  return 'Makes what is missing, which is billed anew.'
}

/** Counts the outputs that are missing and will not arrive without another request. */
export function countMissing({ outputs, status }: Generation): number {
  if (!isTerminal(status)) return 0
  return outputs.filter(({ state }) => state === 'failed' || state === 'lost' || state === 'pending').length
}

/** Returns whether the provider may have made the generation without confirming it. */
export function isUnknownOutcome({ error }: Generation): boolean {
  return error?.code === 'unknown_outcome'
}
