import type { Reference } from '@darkroom/contracts/reference'
import { RejectedError } from '../api.ts'
import { type Attachment, createReadyAttachment, createUploadingAttachment } from './attachment.ts'
import { awaitUpload, type ReferenceSource, startUpload, type Upload } from './reference-source.ts'

/** A reference that is on its way with a prompt. */
export interface PendingReference {
  attachment: Attachment
  upload: Upload | undefined
}

/** What outlives the page of a reference: what the studio knows it by, or what can be sent again. */
export type StoredReference = Reference | { source: ReferenceSource }

const PLACEHOLDER_FIELDS = { id: null, width: null, height: null } as const

/** What a reference that was taken out looks like, until the studio says. */
export function placeholderReference({ attachment }: PendingReference): Reference {
  return attachment.reference ?? { ...PLACEHOLDER_FIELDS, url: attachment.preview, previewUrl: attachment.preview }
}

/** The id of a reference that was taken out, once the studio keeps it. @throws Refusal with its name; OutOfReach */
export async function awaitReferenceId({ attachment, upload }: PendingReference): Promise<string> {
  try {
    const reference = attachment.reference ?? (upload && (await awaitUpload(upload)))
    if (!reference?.id) throw new RejectedError('it could not be kept as a reference.')
    return reference.id
  } catch (error) {
    throw error instanceof RejectedError ? new RejectedError(`${attachment.name}: ${error.message}`) : error
  }
}

/** What is to be kept of a reference that was taken out. */
export function toStoredReferences({ attachment, upload }: PendingReference): StoredReference[] {
  if (attachment.reference) return [attachment.reference]
  return upload ? [{ source: upload.source }] : []
}

/** Takes up a reference again that was kept. One that the studio does not have goes there now. */
export function resumeReference(stored: StoredReference): PendingReference {
  if (!('source' in stored)) return { attachment: createReadyAttachment(stored), upload: undefined }
  const upload = startUpload(stored.source, () => undefined)
  // Whoever asks for its id is told.
  upload.done.catch(() => undefined)
  return { attachment: createUploadingAttachment(stored.source), upload }
}
