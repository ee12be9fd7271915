import type { Status } from './enums.ts'

/**
 * The state machine of a generation: which status may follow which. A status may follow itself where a new attempt takes
 * over unfinished work. Every move is one guarded UPDATE and one row of `generation_events`; nothing else changes a status.
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

/** Whether a generation in `from` may become `to`. */
export function canTransition(from: Status, to: Status): boolean {
  return TRANSITIONS[from].includes(to)
}

/** Every status from which `to` may be reached: the guard of the UPDATE that moves there. */
export function sourceStatuses(to: Status): Status[] {
  return (Object.keys(TRANSITIONS) as Status[]).filter(from => canTransition(from, to))
}

/** Whether nothing more happens to a generation in this status unless a person asks for it. */
export function isTerminal(status: Status): boolean {
  return TERMINAL.includes(status)
}
