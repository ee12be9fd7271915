import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { RETRY_POLICIES } from '../../runtime/retry-policies.ts'
import { type ByteRange, type ListedObject, type Store, type StoredObject, StoreError, validateKey } from '../store.ts'
import { abortUploads } from './abort-uploads.ts'
import { type Bucket, openBucket, type S3Options } from './bucket.ts'
import { isNotFound } from './errors.ts'
import { putObject } from './put.ts'
import { createVerifiedStream } from './verified-stream.ts'

/** Shorter than the second that a readiness check may take. A failed ping is not retried: the next check is one. */
const PING_LIMITS = { retryPolicy: { ...RETRY_POLICIES.storeRequest, tries: 1 }, tryTimeoutMs: 900 }

/**
 * Opens a store in a bucket of any server that speaks S3. Every request is signed, has a time limit and is retried where that
 * may help. Every put is verified against what the server has. The bucket must exist.
 */
export function openS3Store(options: S3Options): Store {
  const bucket = openBucket(options)
  return {
    put: async (key, body, { signal }) => await putObject({ bucket, key: validateKey(key), signal }, body),
    get: async (key, options = {}) => await getObject(bucket, validateKey(key), options),
    head: async (key, options = {}) => await headObject(bucket, validateKey(key), options),
    remove: async (key, options) => {
      await bucket.sendWithRetry(new DeleteObjectCommand({ ...bucket.params, Key: validateKey(key) }), options)
    },
    list: (prefix, options) => listObjects(bucket, prefix, options?.after),
    removeUnfinished: before => abortUploads(bucket, before),
    ping: async () => {
      await bucket.sendWithRetry(new HeadBucketCommand(bucket.params), PING_LIMITS)
    },
  }
}

async function getObject(
  bucket: Bucket,
  key: string,
  { range, signal }: { range?: ByteRange; signal?: AbortSignal },
): ReturnType<Store['get']> {
  const part = range && { Range: `bytes=${range.start}-${range.end}` }
  const response = await nullIfNotFound(
    bucket.sendWithRetry(new GetObjectCommand({ ...bucket.params, Key: key, ...part }), { signal }),
  )
  if (!response) return null
  const object = { bytes: parseObjectSize(response), lastModified: response.LastModified ?? new Date() }
  const bytes = range ? Math.min(range.end, object.bytes - 1) - range.start + 1 : object.bytes
  const body = response.Body?.transformToWebStream() ?? new Blob().stream()
  return { object, body: createVerifiedStream(body, { bytes, idleTimeoutMs: bucket.limits.idleTimeoutMs }) }
}

async function headObject(
  bucket: Bucket,
  key: string,
  options: { signal?: AbortSignal },
): Promise<StoredObject | null> {
  const command = new HeadObjectCommand({ ...bucket.params, Key: key })
  const response = await nullIfNotFound(bucket.sendWithRetry(command, options))
  return response && { bytes: parseObjectSize(response), lastModified: response.LastModified ?? new Date() }
}

async function* listObjects(bucket: Bucket, prefix: string, after: string | undefined): AsyncGenerator<ListedObject> {
  let next: string | undefined
  do {
    const from = next === undefined ? { StartAfter: after } : { ContinuationToken: next }
    const page = await bucket.sendWithRetry(new ListObjectsV2Command({ ...bucket.params, Prefix: prefix, ...from }))
    for (const { Key, Size = 0, LastModified = new Date() } of page.Contents ?? []) {
      if (Key !== undefined) yield { key: Key, bytes: Size, lastModified: LastModified }
    }
    next = page.NextContinuationToken
  } while (next !== undefined)
}

async function nullIfNotFound<T>(response: Promise<T>): Promise<T | null> {
  return await response.catch(error => {
    if (isNotFound(error)) return null
    throw error
  })
}

/** Returns the size of the whole object, even when only a range of it was requested. */
function parseObjectSize({
  ContentRange,
  ContentLength,
}: Pick<GetObjectCommandOutput, 'ContentRange' | 'ContentLength'>) {
  const [, total] = /\/(\d+)$/.exec(ContentRange ?? '') ?? []
  const bytes = total === undefined ? ContentLength : Number(total)
  if (bytes === undefined) throw new StoreError('the object store did not report the size of the object')
  return bytes
}
