import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole, Model } from '@darkroom/contracts/model'
import type { PixelSize } from '@darkroom/contracts/size'
import { createUploadingAttachment } from '../composer/attachments/attachment.ts'
import { type ReferenceSource, revokePreviewUrl, startUpload } from '../composer/attachments/reference-source.ts'
import { createOptimisticGeneration } from '../composer/draft.ts'
import {
  awaitReferenceId,
  type PendingReference,
  placeholderReference,
  toStoredReferences,
} from '../composer/pending-reference.ts'
import type { GenerationStore } from '../store/generation-store.ts'
import type { QueuedSubmission } from '../store/outbox-store.ts'
import type { Clock } from '../ui/clock.ts'

export interface ChildSenderOptions {
  store: Pick<GenerationStore, 'send'>
  clock: Pick<Clock, 'now'>
}

/** Creates the sender of submissions that do not come from the composer. The feed shows each at once, as it does those of the composer. */
export function createChildSender({ store, clock }: ChildSenderOptions) {
  /** Sends a submission with its images, in the order of its roles. */
  return function sendChild(submission: Submission, model: Model, pending: readonly PendingReference[]) {
    const createdAt = new Date(clock.now()).toISOString()
    const generation = createOptimisticGeneration(submission, model, pending.map(placeholderReference), createdAt)
    const entry = { generation, submission, references: pending.flatMap(toStoredReferences), problem: null }
    const queued: QueuedSubmission = {
      entry,
      submission: () => attachReferenceIds(submission, pending),
      onDone: () => {
        for (const { attachment } of pending) revokePreviewUrl(attachment.preview)
      },
    }
    void store.send(queued)
  }
}

/** Starts the upload of an image that goes with a submission. */
export function startReference(source: ReferenceSource, role: InputRole, size: PixelSize | null): PendingReference {
  const upload = startUpload(source, () => undefined)
  // Prevents an unhandled rejection: `awaitReferenceId` reports the failure.
  upload.done.catch(() => undefined)
  return { attachment: { ...createUploadingAttachment(source, role === 'reference' ? null : role), size }, upload }
}

async function attachReferenceIds(submission: Submission, pending: readonly PendingReference[]): Promise<Submission> {
  const referenceImages = await Promise.all(pending.map(awaitReferenceId))
  return referenceImages.length > 0 ? { ...submission, referenceImages } : submission
}
