import type { InputRole } from '@darkroom/contracts/model'
import { unwrap } from 'solid-js/store'
import type { PendingReference } from '../pending-reference.ts'
import { isSendable } from './attachment.ts'
import type { AttachmentOrder } from './attachment-order.ts'
import type { AttachmentUploads } from './attachment-uploads.ts'
import { revokePreviewUrl } from './reference-source.ts'

export interface AttachmentHandoverOptions {
  order: AttachmentOrder
  uploads: Pick<AttachmentUploads, 'find' | 'track'>
}

/** Creates the handover of attachments between the draft and a submission. */
export function createAttachmentHandover({ order, uploads }: AttachmentHandoverOptions) {
  /**
   * Takes the attachments that have a role out of the draft for sending, also those whose upload can be retried. The others stay
   * as left over: they are not sent with a later prompt unless the user says so.
   *
   * @param roles of all attachments, in their order; null for one that is not sent
   */
  function takePending(roles: readonly (InputRole | null)[]): PendingReference[] {
    const sent = order.list.filter((_, index) => roles[index] != null)
    // The outbox stores plain objects only, hence the copy of what the Solid store wraps.
    const pending = sent.map(attachment => ({
      attachment: { ...unwrap(attachment) },
      upload: uploads.find(attachment.key),
    }))
    order.remove(new Set(pending.map(({ attachment }) => attachment.key)))
    for (const { key } of order.list.filter(isSendable)) order.update(key, { isLeftOver: true })
    return pending
  }

  /** Puts attachments back into the draft that were taken out. */
  function restorePending(pending: readonly PendingReference[]) {
    for (const { attachment, upload } of pending) {
      order.append({ ...attachment })
      if (upload) uploads.track(attachment.key, upload)
    }
  }

  /** Puts the attachments that were left over among those to be sent. */
  function includeLeftOver() {
    for (const { key, isLeftOver } of order.list) if (isLeftOver) order.update(key, { isLeftOver: false })
  }

  /** Revokes the preview URLs of references that were sent, except of those that were put back into the draft. */
  function revokePreviews(pending: readonly PendingReference[]) {
    const shown = new Set(order.list.map(attachment => attachment.preview))
    for (const { attachment } of pending) if (!shown.has(attachment.preview)) revokePreviewUrl(attachment.preview)
  }

  return { takePending, restorePending, includeLeftOver, revokePreviews }
}
