import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole, Model } from '@darkroom/contracts/model'
import type { GenerationStore } from '../store/generation-store.ts'
import type { OutboxEntry, OutboxStore, QueuedSubmission } from '../store/outbox-store.ts'
import type { Clock } from '../ui/clock.ts'
import { formatStaleSubmission } from '../ui/format.ts'
import type { Attachments } from './attachments/attachments.ts'
import { createOptimisticGeneration } from './draft.ts'
import {
  awaitReferenceId,
  type PendingReference,
  placeholderReference,
  resumeReference,
  toStoredReferences,
} from './pending-reference.ts'

export interface SubmissionSenderOptions {
  store: Pick<GenerationStore, 'send' | 'resume'>
  outbox: Pick<OutboxStore, 'list'>
  attachments: Pick<Attachments, 'takePending' | 'revokePreviews'>
  clock: Pick<Clock, 'now'>
}

/** Creates the sender of submissions. Their references may still be uploading. */
export function createSubmissionSender({ store, outbox, attachments, clock }: SubmissionSenderOptions) {
  const pendingByClientId = new Map<string, PendingReference[]>()

  /** Sends a submission with the references that have a role. The feed shows it at once. @param roles of all attachments */
  function send(draft: Submission, model: Model, roles: readonly (InputRole | null)[]) {
    const assigned = roles.filter(role => role !== null)
    const pending = withRoles(attachments.takePending(roles), assigned)
    const submission = assigned.every(role => role === 'reference') ? draft : { ...draft, referenceRoles: assigned }
    const createdAt = new Date(clock.now()).toISOString()
    const generation = createOptimisticGeneration(submission, model, pending.map(placeholderReference), createdAt)
    const references = pending.flatMap(toStoredReferences)
    void store.send(toQueuedSubmission({ generation, submission, references, problem: null }, pending))
  }

  /** Resumes the submissions of the outbox: those of a page that was closed before the studio had answered. */
  async function resumeOutbox() {
    for (const entry of await outbox.list()) {
      const { referenceRoles = [] } = entry.submission
      const pending = entry.references.map((reference, index) => resumeReference(reference, referenceRoles[index]))
      const generation = { ...entry.generation, references: pending.map(placeholderReference) }
      const problem = entry.problem ?? formatStaleSubmission(generation, clock.now())
      void store.resume(toQueuedSubmission({ ...entry, generation, problem }, pending))
    }
  }

  function toQueuedSubmission(entry: OutboxEntry, pending: PendingReference[]): QueuedSubmission {
    const { clientId } = entry.generation
    pendingByClientId.set(clientId, pending)
    const onDone = () => {
      pendingByClientId.delete(clientId)
      attachments.revokePreviews(pending)
    }
    return { entry, submission: () => attachReferenceIds(entry.submission, pending), onDone }
  }

  return {
    send,
    resumeOutbox,
    /** Returns the references of a submission that the studio has not answered, undefined once it has. */
    findPending: (clientId: string) => pendingByClientId.get(clientId),
  }
}

/** Returns references with the roles in which they are sent, which reuse restores. */
function withRoles(pending: readonly PendingReference[], roles: readonly InputRole[]): PendingReference[] {
  return pending.map(({ attachment, upload }, index) => {
    const role = roles[index] ?? 'reference'
    return { attachment: { ...attachment, role: role === 'reference' ? null : role }, upload }
  })
}

async function attachReferenceIds(submission: Submission, pending: readonly PendingReference[]): Promise<Submission> {
  const referenceImages = await Promise.all(pending.map(awaitReferenceId))
  return referenceImages.length > 0 ? { ...submission, referenceImages } : submission
}
