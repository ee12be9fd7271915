import type { InputRole } from '@darkroom/contracts/model'
import type { Reference } from '@darkroom/contracts/reference'
import { RejectedError } from '../request-error.ts'
import { type Attachment, createReadyAttachment, createUploadingAttachment } from './attachments/attachment.ts'
import { awaitUpload, type ReferenceSource, startUpload, type Upload } from './attachments/reference-source.ts'

/** A reference of a submission whose upload may not have ended. */
export interface PendingReference {
  attachment: Attachment
  upload: Upload | undefined
}

/** The part of a reference that outlives the page: the stored reference, or the source that can be uploaded again. */
export type StoredReference = Reference | { source: ReferenceSource }

const UNKNOWN_SIZE = { width: null, height: null } as const

/** Returns the reference that the feed shows until the studio has answered. */
export function placeholderReference({ attachment }: PendingReference): Reference {
  const { reference, preview, size, role } = attachment
  const shown = reference ?? { id: null, url: preview, previewUrl: preview, ...(size ?? UNKNOWN_SIZE) }
  return role === null ? shown : { ...shown, role }
}

/**
 * Waits until the studio has stored a reference, and returns its id.
 *
 * @throws RejectedError with the name of the reference
 * @throws UnavailableError
 */
export async function awaitReferenceId({ attachment, upload }: PendingReference): Promise<string> {
  try {
    const reference = attachment.reference ?? (upload && (await awaitUpload(upload)))
    if (!reference?.id) throw new RejectedError('it could not be kept as a reference.')
    return reference.id
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error
    throw new RejectedError(`${attachment.name}: ${error.message}`, { status: error.status })
  }
}

/** Returns the part of a reference that the outbox stores; none if there is neither a reference nor an upload. */
export function toStoredReferences({ attachment, upload }: PendingReference): StoredReference[] {
  if (attachment.reference) return [attachment.reference]
  return upload ? [{ source: upload.source }] : []
}

/** Resumes a reference from the outbox, in its role. One that the studio does not have is uploaded now. */
export function resumeReference(stored: StoredReference, role: InputRole = 'reference'): PendingReference {
  if (!('source' in stored)) return { attachment: createReadyAttachment({ ...stored, role }), upload: undefined }
  const upload = startUpload(stored.source, () => undefined)
  // Prevents an unhandled rejection: `awaitReferenceId` reports the failure.
  upload.done.catch(() => undefined)
  return { attachment: createUploadingAttachment(stored.source, role === 'reference' ? null : role), upload }
}
