import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { checkKey, type Range, type Store, type StoredObject, StoreError } from '../store.ts'
import { type Bucket, openBucket, type S3Options } from './bucket.ts'
import { isMissing } from './errors.ts'
import { putObject } from './put.ts'
import { guarded } from './verified-stream.ts'

const PING_MS = 900

/**
 * A store in a bucket of anything that speaks S3. Every request is signed, has a deadline and is made again where that may
 * help; every put is compared with what the server says that it has. The bucket must exist.
 */
export function openS3(options: S3Options): Store {
  const bucket = openBucket(options)
  return {
    put: async (key, body, { signal }) => await putObject({ bucket, key: checkKey(key), signal }, body),
    get: async (key, { range } = {}) => await get(bucket, checkKey(key), range),
    head: async key => await head(bucket, checkKey(key)),
    remove: async (key, options) => {
      await bucket.ask(new DeleteObjectCommand({ ...bucket.at, Key: checkKey(key) }), options)
    },
    list: prefix => list(bucket, prefix),
    ping: async () => {
      await bucket.ask(new HeadBucketCommand(bucket.at), { tries: 1, tryMs: PING_MS })
    },
  }
}

async function get(bucket: Bucket, key: string, range: Range | undefined): ReturnType<Store['get']> {
  const part = range && { Range: `bytes=${range.start}-${range.end}` }
  const answer = await orNull(bucket.ask(new GetObjectCommand({ ...bucket.at, Key: key, ...part })))
  if (!answer) return null
  const object = { bytes: wholeSize(answer), modified: answer.LastModified ?? new Date() }
  const bytes = range ? Math.min(range.end, object.bytes - 1) - range.start + 1 : object.bytes
  const body = answer.Body?.transformToWebStream() ?? new Blob().stream()
  return { object, body: guarded(body, { bytes, stallMs: bucket.limits.stallMs }) }
}

async function head(bucket: Bucket, key: string): Promise<StoredObject | null> {
  const answer = await orNull(bucket.ask(new HeadObjectCommand({ ...bucket.at, Key: key })))
  return answer && { bytes: wholeSize(answer), modified: answer.LastModified ?? new Date() }
}

async function* list(bucket: Bucket, prefix: string): AsyncGenerator<string> {
  let next: string | undefined
  do {
    const page = await bucket.ask(new ListObjectsV2Command({ ...bucket.at, Prefix: prefix, ContinuationToken: next }))
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key
    next = page.NextContinuationToken
  } while (next !== undefined)
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  return await answer.catch(error => {
    if (isMissing(error)) return null
    throw error
  })
}

/** The size of the whole object, also where only a part of it was asked for. */
function wholeSize({ ContentRange, ContentLength }: Pick<GetObjectCommandOutput, 'ContentRange' | 'ContentLength'>) {
  const [, total] = /\/(\d+)$/.exec(ContentRange ?? '') ?? []
  const bytes = total === undefined ? ContentLength : Number(total)
  if (bytes === undefined) throw new StoreError('the object store does not say how big an object is')
  return bytes
}
