import type { Generation } from '@darkroom/contracts/generation'
import type { Reference } from '@darkroom/contracts/reference'

/** The body of a submission. */
export interface Draft {
  prompt: string
  model?: string
  parameters?: Record<string, unknown>
  referenceImages?: string[]
}

/** A submission and the responses that its client received. */
export interface SubmissionRecord {
  clientId: string
  draft: Draft
  attempts: number
  /** The generation of the first 2xx response. */
  generation: Generation | undefined
  /** Every id that a 2xx response named. More than one is an error. */
  ids: Set<string>
  /** Number of requests that may have bought outputs: the submission and each retry. */
  requestCount: number
  /** Status and text of a response that refused it. */
  rejection: string | undefined
}

/** Everything that a client requested and that was accepted. The invariants are checked against it. */
export interface ClientLog {
  readonly submissions: Map<string, SubmissionRecord>
  readonly references: (Reference & { sha256: string })[]
  /** Responses that no client may receive. */
  readonly unexpectedResponses: string[]
  addSubmission(draft: Draft): SubmissionRecord
  recordAccepted(submission: SubmissionRecord, generation: Generation): void
  /** Ids of the generations that a user cancelled or deleted, or tried to. */
  readonly stopRequests: Set<string>
  /** Counts a request that may have bought outputs. @returns a function that takes it back, once it was refused */
  countRerun(id: string): () => void
  /** Returns the submissions that had a 2xx response. */
  listAccepted(): (SubmissionRecord & { generation: Generation })[]
}

export function createClientLog(): ClientLog {
  const submissions = new Map<string, SubmissionRecord>()
  const byGeneration = new Map<string, SubmissionRecord>()
  const listAccepted = () => [...submissions.values()].filter(isAccepted)
  return {
    submissions,
    references: [],
    unexpectedResponses: [],
    stopRequests: new Set(),
    listAccepted,
    addSubmission: draft => {
      const clientId = crypto.randomUUID()
      const submission = {
        clientId,
        draft,
        attempts: 0,
        generation: undefined,
        ids: new Set<string>(),
        requestCount: 1,
        rejection: undefined,
      }
      submissions.set(clientId, submission)
      return submission
    },
    recordAccepted: (submission, generation) => {
      submission.generation ??= generation
      submission.ids.add(generation.id)
      byGeneration.set(generation.id, submission)
    },
    countRerun: id => {
      const submission = byGeneration.get(id)
      if (submission) submission.requestCount++
      return () => {
        if (submission) submission.requestCount--
      }
    },
  }
}

function isAccepted(submission: SubmissionRecord): submission is SubmissionRecord & { generation: Generation } {
  return submission.generation !== undefined
}
