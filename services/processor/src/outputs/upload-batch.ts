import pLimit from 'p-limit'

/** The stage of a job while outputs are being uploaded to the store. */
export const UPLOAD_STAGE = 'storage:upload-batch:heartbeat'

/** The uploads of one generation, with limited concurrency. The failure of one does not stop the others. */
export interface UploadBatch<Output> {
  /** Adds an upload. Resolves when it has begun: memory for the next output is there then. */
  add(output: Output): Promise<void>
  /** Resolves when all uploads have ended; rejects with the first error of one. Nothing is added after this. */
  settled(): Promise<void>
}

/**
 * Creates an empty batch.
 *
 * @param options `upload` uploads one output and throws only when the job cannot continue; `onStart` is called once, before
 *   the first upload, and `onSettled` once, after the last
 */
export function createUploadBatch<Output>(options: {
  concurrency: number
  upload: (output: Output) => Promise<void>
  onStart: () => Promise<void>
  onSettled: () => Promise<void>
}): UploadBatch<Output> {
  const limit = pLimit(options.concurrency)
  const uploads: Promise<void>[] = []
  let starting: Promise<void> | undefined
  let ended: Promise<void> | undefined
  const end = async () => {
    const results = await Promise.allSettled(uploads)
    if (starting) await options.onSettled()
    const rejected = results.find(result => result.status === 'rejected')
    if (rejected) throw rejected.reason
  }
  return {
    add: output => {
      starting ??= options.onStart()
      const started = starting
      const begun = Promise.withResolvers<void>()
      const uploading = limit(async () => {
        begun.resolve()
        await started
        await options.upload(output)
      })
      // Prevents an unhandled-rejection crash; `settled()` reports the failure.
      uploading.catch(() => {})
      uploads.push(uploading)
      return begun.promise
    },
    settled: () => {
      ended ??= end()
      return ended
    },
  }
}
