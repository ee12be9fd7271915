import type { PredictionStatus, Submission } from './wire.ts'

/** A submission as received, whether or not it was answered. */
export interface SubmitEntry extends Submission {
  /** The prediction that it started or, for a recognised key, returned; null if it was refused. */
  id: string | null
  idempotencyKey: string | null
}

/** The response to a submission, as far as it was sent. Times are in ms since 1970. */
export interface AnswerRecord {
  /** As in the submission's entry. */
  id: string | null
  idempotencyKey: string | null
  model: string
  indices: number[]
  /** The provider's address as the caller has it. */
  host: string
  receivedAt: number
  /** Status of its headers; null if none were sent. */
  status: number | null
  /** The fault that was injected, which leaves the outcome open unless it is a refusal; null if none was. */
  fault: string | null
  /** The headers were sent. */
  beganAt: number | null
  /** The last byte was sent, and the end of the response with it. */
  endedAt: number | null
  /** The exchange was over, whether or not it had ended. */
  closedAt: number | null
  /** Bytes of the body of a response with outputs. */
  bytes: number
  /** Outputs that were sent whole. */
  outputs: { index: number; sha256: string }[]
}

/** Returns the record of a response of which nothing is sent yet. */
export function createAnswerRecord(
  submit: Pick<AnswerRecord, 'id' | 'idempotencyKey' | 'model' | 'indices' | 'host' | 'receivedAt' | 'fault'>,
): AnswerRecord {
  return { ...submit, status: null, beganAt: null, endedAt: null, closedAt: null, bytes: 0, outputs: [] }
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
  /** The responses to the submissions, in the same order. */
  answers: AnswerRecord[]
  submitsByKey: Record<string, number>
  /** Last reported status of each prediction, by id. */
  predictions: Record<string, PredictionStatus>
  /** Ids of the checks, in order. */
  checks: string[]
  /** Idempotency keys that were looked up, in order. */
  lookups: string[]
  cancels: { id: string; status: PredictionStatus }[]
  /** Ids of the predictions that were followed while they ran, in order. */
  watched: string[]
  /** Predictions that are followed now. */
  watching: number
  files: FileEntry[]
  /** File requests in progress, including delayed ones. */
  filesInFlight: number
  maxFilesInFlight: number
}

export function createRequestLog(): RequestLog {
  return {
    submits: [],
    answers: [],
    submitsByKey: {},
    predictions: {},
    checks: [],
    lookups: [],
    cancels: [],
    watched: [],
    watching: 0,
    files: [],
    filesInFlight: 0,
    maxFilesInFlight: 0,
  }
}
