import type { Status } from './enums.ts'

/**
 * The state machine of a generation: the statuses that may follow each status. A status may follow itself where a new attempt takes
 * over an unfinished job. Every transition is one guarded UPDATE and one row of `generation_events`; nothing else changes a status.
 */
const TRANSITIONS: Record<Status, readonly Status[]> = {
  queued: ['processing', 'failed', 'cancelled'],
  processing: ['processing', 'uploading', 'failed', 'cancelled'],
  uploading: ['uploading', 'completed', 'failed', 'cancelled'],
  completed: ['queued'],
  failed: ['queued', 'processing'],
  cancelled: ['queued'],
}

const TERMINAL: readonly Status[] = ['completed', 'failed', 'cancelled']

/** Returns whether a generation in status `from` may change to `to`. */
export function canTransition(from: Status, to: Status): boolean {
  return TRANSITIONS[from].includes(to)
}

/** Returns every status that `to` may follow, for the guard of the UPDATE. */
export function sourceStatuses(to: Status): Status[] {
  return (Object.keys(TRANSITIONS) as Status[]).filter(from => canTransition(from, to))
}

/** Returns whether a generation in this status stays in it until a user acts. */
export function isTerminal(status: Status): boolean {
  return TERMINAL.includes(status)
}
