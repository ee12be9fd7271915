import type { Generation } from '@darkroom/contracts/generation'
import type { Reference } from '@darkroom/contracts/reference'
import type { Draft } from './client.ts'

/** A submission as its client knows of it. */
export interface SubmissionRecord {
  clientId: string
  draft: Draft
  attempts: number
  /** What the first answer of 2xx said. */
  generation: Generation | undefined
  /** Every id that an answer of 2xx named: more than one is one too many. */
  ids: Set<string>
  /** How often it may have been asked for: the submission, and what was asked again. */
  requestCount: number
  /** What the answer said if it was a no. */
  rejection: string | undefined
}

/** What a client has asked for and was promised, to hold the studio to. */
export interface ClientLog {
  readonly submissions: Map<string, SubmissionRecord>
  readonly references: (Reference & { sha256: string })[]
  /** Answers that nobody should ever get. */
  readonly unexpectedResponses: string[]
  addSubmission(draft: Draft): SubmissionRecord
  recordAccepted(submissions: SubmissionRecord, generation: Generation): void
  countRerun(id: string): void
  /** Those for which there was an answer of 2xx. */
  listAccepted(): (SubmissionRecord & { generation: Generation })[]
}

export function createClientLog(): ClientLog {
  const submissions = new Map<string, SubmissionRecord>()
  const listAccepted = () => [...submissions.values()].filter(isAccepted)
  return {
    submissions,
    references: [],
    unexpectedResponses: [],
    listAccepted,
    addSubmission: draft => {
      const clientId = crypto.randomUUID()
      const entry = {
        clientId,
        draft,
        attempts: 0,
        generation: undefined,
        ids: new Set<string>(),
        requestCount: 1,
        rejection: undefined,
      }
      submissions.set(clientId, entry)
      return entry
    },
    recordAccepted: (entry, generation) => {
      entry.generation ??= generation
      entry.ids.add(generation.id)
    },
    countRerun: id => {
      for (const entry of listAccepted()) if (entry.generation.id === id) entry.requestCount++
    },
  }
}

function isAccepted(entry: SubmissionRecord): entry is SubmissionRecord & { generation: Generation } {
  return entry.generation !== undefined
}
