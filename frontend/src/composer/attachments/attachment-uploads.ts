import type { Reference } from '@darkroom/contracts/reference'
import { canSendAgain, describeProblem, UnavailableError } from '../../request-error.ts'
import { createRetryTimer } from '../../store/retry-timer.ts'
import type { Attachment } from './attachment.ts'
import { type ReferenceSource, startUpload, type Upload } from './reference-source.ts'

export interface AttachmentUploadsOptions {
  /** Returns an attachment of the draft, undefined once it was sent or removed. */
  find: (key: string) => Attachment | undefined
  /** Called with the state of an attachment as its upload goes on. */
  update: (key: string, fields: Partial<Attachment>) => void
  /** Called when the studio could not take an upload. */
  onUnavailable: () => void
  /** Called once the studio has an image of the draft. */
  onReady?: (key: string, reference: Reference) => void
  start?: (source: ReferenceSource, onProgress: (share: number) => void) => Upload
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

export type AttachmentUploads = ReturnType<typeof createAttachmentUploads>

const WAITING_MESSAGE = 'The studio cannot take it at the moment. It is sent again by itself.'

/** Creates the uploads of attachments. One that the studio cannot take now is sent again by itself, like a submission. */
export function createAttachmentUploads({
  find: findAttachment,
  update,
  onUnavailable,
  onReady,
  start: startUploadOf = startUpload,
  setTimer = setTimeout,
}: AttachmentUploadsOptions) {
  const uploads = new Map<string, Upload>()
  /** Attachments whose upload waits for the studio. */
  const waiting = new Set<string>()
  const retryTimer = createRetryTimer({ retry: retryWaiting, setTimer })

  function start(key: string, source: ReferenceSource) {
    const upload = startUploadOf(source, progress => update(key, { progress }))
    track(key, upload)
  }

  /** Follows an upload that is already under way. */
  function track(key: string, upload: Upload) {
    uploads.set(key, upload)
    const unlessReplaced = (fields: () => Partial<Attachment>) => {
      if (uploads.get(key) === upload) update(key, fields())
    }
    upload.done.then(
      reference => {
        unlessReplaced(() => ({ state: 'ready', progress: 1, problem: null, reference }))
        if (uploads.get(key) === upload && findAttachment(key)) onReady?.(key, reference)
      },
      error => unlessReplaced(() => onFailure(key, error)),
    )
  }

  function onFailure(key: string, error: unknown): Partial<Attachment> {
    const isWaiting = error instanceof UnavailableError
    if (isWaiting && findAttachment(key)) {
      waiting.add(key)
      retryTimer.schedule(error.retryAfterMs)
      onUnavailable()
    }
    const problem = isWaiting ? WAITING_MESSAGE : describeProblem(error)
    return { state: 'failed', problem, canRetry: canSendAgain(error) }
  }

  /** Uploads an attachment again that has failed. */
  function retry(key: string) {
    const upload = uploads.get(key)
    if (!upload) return
    waiting.delete(key)
    update(key, { state: 'uploading', progress: 0, problem: null })
    start(key, upload.source)
  }

  /** Uploads again what waits for the studio. It is shown as failed until it has succeeded, so that nothing flickers. */
  function retryWaiting() {
    for (const key of [...waiting]) {
      const upload = uploads.get(key)
      waiting.delete(key)
      if (upload && findAttachment(key)) start(key, upload.source)
    }
  }

  /** Uploads the waiting attachments at once: the studio may be back. */
  function sendWaiting() {
    retryTimer.restart()
    retryWaiting()
  }

  /** Aborts the upload of an attachment and forgets it. */
  function abort(key: string) {
    uploads.get(key)?.abort.abort()
    uploads.delete(key)
  }

  return { start, track, retry, sendWaiting, abort, find: (key: string) => uploads.get(key) }
}
