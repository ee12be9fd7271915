import type { PredictionStatus, Submission } from './wire.ts'

/** A submission as it came, whether or not it was answered. */
export interface SubmitEntry extends Submission {
  /** The prediction it began or, for a key that was recognised, got; null if it was refused. */
  id: string | null
  idempotencyKey: string | null
}

export interface FileEntry {
  id: string
  index: number
  /** What was sent: `ok` or the kind of fault. */
  sent: string
}

/** What happened at the fake provider, for tests to read. */
export interface RequestLog {
  submits: SubmitEntry[]
  submitsByKey: Record<string, number>
  /** How each prediction was last seen, by its id. */
  predictions: Record<string, PredictionStatus>
  /** The ids asked about, in order. */
  checks: string[]
  cancels: { id: string; status: PredictionStatus }[]
  files: FileEntry[]
  /** File requests that came and are not over, those held back included. */
  filesInFlight: number
  maxFilesInFlight: number
}

export function createRequestLog(): RequestLog {
  return {
    submits: [],
    submitsByKey: {},
    predictions: {},
    checks: [],
    cancels: [],
    files: [],
    filesInFlight: 0,
    maxFilesInFlight: 0,
  }
}
