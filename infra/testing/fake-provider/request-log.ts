import type { PredictionStatus, Submission } from './wire.ts'

/** A submission as received, whether or not it was answered. */
export interface SubmitEntry extends Submission {
  /** The prediction that it started or, for a recognised key, returned; null if it was refused. */
  id: string | null
  idempotencyKey: string | null
}

export interface FileEntry {
  id: string
  index: number
  /** `ok`, or the kind of fault. */
  sent: string
}

/** Requests that the fake provider received, for tests. */
export interface RequestLog {
  submits: SubmitEntry[]
  submitsByKey: Record<string, number>
  /** Last reported status of each prediction, by id. */
  predictions: Record<string, PredictionStatus>
  /** Ids of the checks, in order. */
  checks: string[]
  cancels: { id: string; status: PredictionStatus }[]
  files: FileEntry[]
  /** File requests in progress, including delayed ones. */
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
