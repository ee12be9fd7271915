import { describeProblem, UnreachableError } from '../../api.ts'
import type { Attachment } from './attachment.ts'
import { type ReferenceSource, startUpload, type Upload } from './reference-source.ts'

export type AttachmentUploads = ReturnType<typeof createAttachmentUploads>

/**
 * Creates the uploads of attachments.
 *
 * @param update called with the state of an attachment as its upload goes on
 */
export function createAttachmentUploads(update: (key: string, fields: Partial<Attachment>) => void) {
  const uploads = new Map<string, Upload>()

  function start(key: string, source: ReferenceSource) {
    track(
      key,
      startUpload(source, progress => update(key, { progress })),
    )
  }

  /** Follows an upload that is already under way. */
  function track(key: string, upload: Upload) {
    uploads.set(key, upload)
    upload.done.then(
      reference => update(key, { state: 'ready', progress: 1, reference }),
      error =>
        update(key, {
          state: 'failed',
          problem: describeProblem(error),
          canRetry: error instanceof UnreachableError,
        }),
    )
  }

  /** Uploads an attachment again that has failed. */
  function retry(key: string) {
    const upload = uploads.get(key)
    if (!upload) return
    update(key, { state: 'uploading', progress: 0, problem: null })
    start(key, upload.source)
  }

  /** Aborts the upload of an attachment and forgets it. */
  function abort(key: string) {
    uploads.get(key)?.abort.abort()
    uploads.delete(key)
  }

  return { start, track, retry, abort, find: (key: string) => uploads.get(key) }
}
