import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
} from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.ts'
import { isNotImplemented, isUploadNotFound } from './errors.ts'

/** Folder of everything that Darkroom stores. Uploads of other programs to the same bucket are left alone. */
const PREFIX = 'w/'

/**
 * Aborts the multipart uploads that were begun before a date: those of processes that were killed, whose parts take up space and are
 * in no list. A server that cannot list them may have a rule for their end of its own.
 *
 * @returns their number
 */
export async function abortUploads(bucket: Bucket, before: Date): Promise<number> {
  let aborted = 0
  for await (const { Key, UploadId, Initiated } of listUploads(bucket)) {
    if (!Key?.startsWith(PREFIX) || !Initiated || Initiated >= before) continue
    aborted += await abortUpload(bucket, Key, UploadId)
  }
  return aborted
}

async function* listUploads(bucket: Bucket): AsyncGenerator<MultipartUpload> {
  let next: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> = {}
  for (let hasMore = true; hasMore; ) {
    const page: ListMultipartUploadsCommandOutput | null = await listPage(bucket, next)
    yield* page?.Uploads ?? []
    next = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker }
    hasMore = page?.IsTruncated === true
  }
}

async function listPage(
  bucket: Bucket,
  next: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'>,
): Promise<ListMultipartUploadsCommandOutput | null> {
  const command = new ListMultipartUploadsCommand({ ...bucket.params, Prefix: PREFIX, ...next })
  return await bucket.sendWithRetry(command).catch(error => {
    if (isNotImplemented(error)) return null
    throw error
  })
}

async function abortUpload(bucket: Bucket, key: string, uploadId: string | undefined): Promise<0 | 1> {
  const command = new AbortMultipartUploadCommand({ ...bucket.params, Key: key, UploadId: uploadId })
  try {
    await bucket.sendWithRetry(command)
    return 1
  } catch (error) {
    if (isUploadNotFound(error)) return 0
    throw error
  }
}
