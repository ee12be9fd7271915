import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { RETRY_POLICIES } from '../../runtime/retry-policies.ts'
import { isUploadNotFound } from './errors.ts'
import type { PutTarget } from './put-target.ts'
import { computeMd5, verifyChecksum, verifyStored } from './verify.ts'

/** The parameters of every request of one upload. */
interface UploadParams {
  Bucket: string
  Key: string
  UploadId: string | undefined
}

const MAX_CONCURRENT_PARTS = 2
const ABORT_LIMITS = { retryPolicy: RETRY_POLICIES.storeAbortUpload, tryTimeoutMs: 3_000 }

/**
 * Uploads an object part by part, two at a time. The object appears once all parts have arrived. When a part fails, the upload
 * is aborted and its parts are removed.
 *
 * @param onError aborts the signal of `put`, and with it the source of the parts and the requests in flight
 * @returns the size of the object in bytes
 */
export async function putMultipart(
  put: PutTarget,
  parts: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): Promise<number> {
  const { bucket, key, signal } = put
  const { UploadId } = await bucket.sendWithRetry(new CreateMultipartUploadCommand({ ...bucket.params, Key: key }), {
    signal,
  })
  const upload: UploadParams = { ...bucket.params, Key: key, UploadId }
  try {
    const { sent, bytes } = await uploadParts(put, upload, parts, onError)
    await completeUpload(put, upload, sent)
    await bucket.retry(within => verifyStored({ ...put, signal: within }, { bytes, md5: null }), { signal })
    return bytes
  } catch (error) {
    await bucket.sendWithRetry(new AbortMultipartUploadCommand(upload), ABORT_LIMITS).catch(() => undefined)
    throw error
  }
}

async function uploadParts(
  put: PutTarget,
  upload: UploadParams,
  parts: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
) {
  const uploads: Promise<CompletedPart>[] = []
  const inFlight = new Set<Promise<void>>()
  let bytes = 0
  try {
    for await (const part of parts) {
      const sent = uploadPart(put, { ...upload, PartNumber: uploads.length + 1 }, part)
      const settled = sent.then(() => {}, onError).finally(() => inFlight.delete(settled))
      uploads.push(sent)
      inFlight.add(settled)
      bytes += part.byteLength
      if (inFlight.size === MAX_CONCURRENT_PARTS) await Promise.race(inFlight)
    }
    return { sent: await Promise.all(uploads), bytes }
  } catch (error) {
    onError(error)
    // A part that arrived after the upload is aborted would stay in the bucket for ever.
    await Promise.all(inFlight)
    throw error
  }
}

async function uploadPart(
  { bucket, signal }: PutTarget,
  part: UploadParams & { PartNumber: number },
  body: Uint8Array,
): Promise<CompletedPart> {
  const bytes = body.byteLength
  const command = new UploadPartCommand({ ...part, Body: body })
  let digest: Promise<string> | undefined
  const attempt = async (trySignal: AbortSignal) => {
    const sending = bucket.send(command, trySignal)
    digest ??= computeMd5(body)
    const [response, md5] = await Promise.all([sending, digest])
    verifyChecksum(response, { bytes, md5 })
    return { ETag: response.ETag, PartNumber: part.PartNumber }
  }
  return await bucket.retry(attempt, { signal, bytes })
}

async function completeUpload(
  { bucket, signal }: PutTarget,
  upload: UploadParams,
  sent: CompletedPart[],
): Promise<void> {
  const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: sent } })
  await bucket.sendWithRetry(command, { signal }).catch(error => {
    // An earlier try, whose response was lost, may have completed the upload: `verifyStored` decides.
    if (!isUploadNotFound(error)) throw error
  })
}
