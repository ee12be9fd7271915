import type { Reference } from '@darkroom/contracts/reference'
import type { PixelSize } from '@darkroom/contracts/size'
import { createReadyAttachment, createUploadingAttachment } from './attachment.ts'
import { createAttachmentHandover } from './attachment-handover.ts'
import { createAttachmentOrder } from './attachment-order.ts'
import { createAttachmentUploads } from './attachment-uploads.ts'
import { type ReferenceSource, revokePreviewUrl, type ShownImage } from './reference-source.ts'

export type Attachments = ReturnType<typeof createAttachments>

/**
 * Creates the references of the draft, in the order in which they are sent. Each is uploaded as soon as it is attached.
 *
 * @param initial references that were attached before the page was closed
 * @param onUnavailable called when the studio could not take an upload
 */
export function createAttachments(initial: readonly Reference[], onUnavailable: () => void) {
  const order = createAttachmentOrder(initial.map(createReadyAttachment))
  const uploads = createAttachmentUploads({ find: order.find, update: order.update, onUnavailable })

  function attach(source: ReferenceSource) {
    const attachment = createUploadingAttachment(source)
    order.append(attachment)
    uploads.start(attachment.key, source)
  }

  function addFiles(files: Iterable<File>) {
    for (const file of files) attach(file)
  }

  /** Attaches an image that the studio shows: its bytes are read, and stored once as a reference. */
  function addShownImage({ url, previewUrl }: ShownImage) {
    attach({ url, previewUrl })
  }

  /** Attaches references of a generation. Those of an old row have no id: they are uploaded again. */
  function addReferences(references: readonly Reference[]) {
    for (const reference of references) {
      if (reference.id === null) addShownImage(reference)
      if (reference.id !== null) order.append(createReadyAttachment(reference))
    }
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
    retry: uploads.retry,
    sendWaiting: uploads.sendWaiting,
    ...{ addFiles, addShownImage, addReferences, remove, clear },
    ...createAttachmentHandover({ order, uploads }),
  }
}
