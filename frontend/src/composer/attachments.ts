import type { Reference } from '@darkroom/contracts/reference'
import { createStore, produce, unwrap } from 'solid-js/store'
import { describeProblem, UnreachableError } from '../api.ts'
import { type Attachment, createReadyAttachment, createUploadingAttachment } from './attachment.ts'
import type { PendingReference } from './pending-reference.ts'
import {
  type ReferenceSource,
  revokePreviewUrl,
  type ShownImage,
  startUpload,
  type Upload,
} from './reference-source.ts'

/**
 * The references of the draft, in the order they will be sent.
 *
 * @param initial those that were there before the page was left
 */
export function createAttachments(initial: readonly Reference[]) {
  const [list, setList] = createStore<Attachment[]>(initial.map(createReadyAttachment))
  const uploads = new Map<string, Upload>()

  function attach(source: ReferenceSource) {
    const attachment = createUploadingAttachment(source)
    setList(list.length, attachment)
    startTracked(attachment.key, source)
  }

  function startTracked(key: string, source: ReferenceSource) {
    trackUpload(
      key,
      startUpload(source, progress => updateAttachment(key, { progress })),
    )
  }

  function trackUpload(key: string, upload: Upload) {
    uploads.set(key, upload)
    upload.done.then(
      reference => updateAttachment(key, { state: 'ready', progress: 1, reference }),
      error =>
        updateAttachment(key, {
          state: 'failed',
          problem: describeProblem(error),
          canRetry: error instanceof UnreachableError,
        }),
    )
  }

  /** Sends a picture once more that could not be sent. */
  function retry(key: string) {
    const upload = uploads.get(key)
    if (!upload) return
    updateAttachment(key, { state: 'uploading', progress: 0, problem: null })
    startTracked(key, upload.source)
  }

  function updateAttachment(key: string, fields: Partial<Attachment>) {
    setList(attachment => attachment.key === key, fields)
  }

  function addFiles(files: Iterable<File>) {
    for (const file of files) attach(file)
  }

  /** Attaches a picture that is shown in the studio: its bytes are read and kept as a reference, once. */
  function addShownImage({ url, previewUrl }: ShownImage) {
    attach({ url, previewUrl })
  }

  function addReferences(references: readonly Reference[]) {
    for (const reference of references) {
      if (reference.id === null) addShownImage(reference)
      if (reference.id !== null) setList(list.length, createReadyAttachment(reference))
    }
  }

  function remove(key: string) {
    const attachment = list.find(attachment => attachment.key === key)
    uploads.get(key)?.abort.abort()
    uploads.delete(key)
    setList(before => before.filter(other => other.key !== key))
    if (attachment) revokePreviewUrl(attachment.preview)
  }

  /** Puts an attachment at another place in the order. */
  function move(key: string, to: number) {
    setList(
      produce(order => {
        const from = order.findIndex(attachment => attachment.key === key)
        const moved = order.splice(from, from < 0 ? 0 : 1)
        order.splice(Math.max(0, Math.min(to, order.length)), 0, ...moved)
      }),
    )
  }

  function clear() {
    for (const { key } of [...list]) remove(key)
  }

  /** Takes the first references out for sending, also those that could not be sent yet. */
  function takePending(limit: number): PendingReference[] {
    const usable = list.filter(({ state, canRetry }) => state !== 'failed' || canRetry).slice(0, limit)
    // As they are, out of the store: what is kept by the browser must be plain.
    const pending = usable.map(attachment => ({
      attachment: { ...unwrap(attachment) },
      upload: uploads.get(attachment.key),
    }))
    const keys = new Set(pending.map(({ attachment }) => attachment.key))
    setList(before => before.filter(attachment => !keys.has(attachment.key)))
    return pending
  }

  /** Puts references back that were taken out. */
  function restorePending(pending: readonly PendingReference[]) {
    for (const { attachment, upload } of pending) {
      setList(list.length, { ...attachment })
      if (upload) trackUpload(attachment.key, upload)
    }
  }

  /** Lets go of what only this page has of references that were sent, unless they were put back. */
  function revokePreviews(pending: readonly PendingReference[]) {
    const shown = new Set(list.map(attachment => attachment.preview))
    for (const { attachment } of pending) if (!shown.has(attachment.preview)) revokePreviewUrl(attachment.preview)
  }

  return {
    list,
    addFiles,
    addShown: addShownImage,
    addReferences,
    remove,
    retry,
    move,
    clear,
    take: takePending,
    putBack: restorePending,
    release: revokePreviews,
  }
}
