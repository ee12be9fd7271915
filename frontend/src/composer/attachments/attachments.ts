import type { InputRole } from '@darkroom/contracts/model'
import type { Reference } from '@darkroom/contracts/reference'
import type { PixelSize } from '@darkroom/contracts/size'
import { createReadyAttachment, createUploadingAttachment } from './attachment.ts'
import { createAttachmentHandover } from './attachment-handover.ts'
import { createAttachmentOrder } from './attachment-order.ts'
import { createAttachmentUploads } from './attachment-uploads.ts'
import { createDuplicateSearch } from './duplicate-search.ts'
import { type ReferenceSource, revokePreviewUrl, type ShownImage } from './reference-source.ts'

export type Attachments = ReturnType<typeof createAttachments>

export interface AttachmentsOptions {
  /** Attachments that were in the draft before the page was closed. */
  initial: readonly StoredAttachment[]
  /** Called when the studio could not take an upload. */
  onUnavailable: () => void
  /** Called when an image was attached that is attached already. */
  onDuplicate: () => void
  /** Called once the studio has a file that was attached. */
  onUploaded?: (key: string, reference: Reference) => void
}

/** An attachment as it outlives the page: only those that the studio has. */
export type StoredAttachment = Reference & { isLeftOver?: boolean }

/** Creates the references of the draft, in the order in which they are sent. Each is uploaded as soon as it is attached. */
export function createAttachments({ initial, onUnavailable, onDuplicate, onUploaded }: AttachmentsOptions) {
  const order = createAttachmentOrder(initial.map(restoreAttachment))
  const uploads = createAttachmentUploads({ find: order.find, update: order.update, onUnavailable, onReady })
  const duplicates = createDuplicateSearch({ list: order.list, findUpload: uploads.find })

  function attach(source: ReferenceSource, role: InputRole | null) {
    const attachment = createUploadingAttachment(source, role)
    order.append(attachment)
    uploads.start(attachment.key, source)
  }

  /** Attaches files. A file with the bytes of one that is attached is left out. */
  async function addFiles(files: Iterable<File>, role: InputRole | null = null) {
    // In their order: each may be the same as the one before it.
    for (const file of files) {
      const isDuplicate = duplicates.mayHaveFile(file) && (await duplicates.hasFile(file))
      if (isDuplicate) onDuplicate()
      else attach(file, role)
    }
  }

  /** Attaches an image that the studio shows, unless it is attached: its bytes are read, and stored once as a reference. */
  function addShownImage({ url, previewUrl }: ShownImage, role: InputRole | null = null): boolean {
    const isDuplicate = duplicates.hasUrl(url)
    if (isDuplicate) onDuplicate()
    else attach({ url, previewUrl }, role)
    return !isDuplicate
  }

  /** Attaches references of a generation. Those of an old row have no id: they are uploaded again. */
  function addReferences(references: readonly Reference[]) {
    for (const reference of references) {
      if (reference.id === null) addShownImage(reference, reference.role ?? null)
      if (reference.id !== null) order.append(createReadyAttachment(reference))
    }
  }

  /** Removes an attachment whose bytes are those of another one: the studio has stored them once. */
  function onReady(key: string, reference: Reference) {
    if (!duplicates.hasReference(key, reference)) {
      if (uploads.find(key)?.source instanceof File) onUploaded?.(key, reference)
      return
    }
    remove(key)
    onDuplicate()
  }

  function remove(key: string) {
    const attachment = order.find(key)
    uploads.abort(key)
    order.remove(new Set([key]))
    if (attachment) revokePreviewUrl(attachment.preview)
  }

  function clear() {
    for (const { key } of [...order.list]) remove(key)
  }

  return {
    list: order.list,
    move: order.move,
    setSize: (key: string, size: PixelSize) => order.update(key, { size }),
    /** Sets the role of an attachment; null for that which the model gives it. */
    setRole: (key: string, role: InputRole | null) => order.update(key, { role }),
    retry: uploads.retry,
    sendWaiting: uploads.sendWaiting,
    ...{ addFiles, addShownImage, addReferences, remove, clear },
    ...createAttachmentHandover({ order, uploads }),
  }
}

function restoreAttachment({ isLeftOver = false, ...reference }: StoredAttachment) {
  return { ...createReadyAttachment(reference), isLeftOver }
}
