import pLimit from 'p-limit'

/** The stage a generation's row is in while outputs are brought into the store. */
export const UPLOAD_STAGE = 'storage:upload-batch:heartbeat'

/** The uploads of one generation: as many at once as is allowed, each one's end apart from the others'. */
export interface UploadBatch<Output> {
  add(output: Output): void
  /** Resolves when all have ended; rejects with the first reason why one could not go on. Nothing is added after this. */
  settled(): Promise<void>
}

/**
 * @param options `concurrency` at once; `upload` saves one and throws only if none can go on; `enter` is called once, before
 * the first, and `leave` once, when all have settled
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
      const uploading = limit(async () => {
        await started
        await options.upload(output)
      })
      // Who asks how it ended asks later; until then nobody may take it for an error that no one cares about.
      uploading.catch(() => {})
      uploads.push(uploading)
    },
    settled: () => {
      ended ??= end()
      return ended
    },
  }
}
