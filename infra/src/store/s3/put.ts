import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Body, FileBody, StoredObject } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { assertFileSize, computeFileMd5, setPayloadHash } from './file.ts'
import { putMultipart } from './multipart.ts'
import { PART_BYTES, splitIntoParts } from './parts.ts'
import { computeMd5, MismatchError, removeIfMismatched, verifyChecksum, verifyStored } from './verify.ts'

/** Where something is put, and how long that is wanted. */
export interface PutTarget {
  bucket: Bucket
  key: string
  signal: AbortSignal
}

/**
 * Keeps an object. Bytes that are in memory are one request, and so are a file and a stream that ends within a part. A longer
 * stream goes part by part, and is there once the last has arrived.
 *
 * @throws StoreError if the server has not just these bytes; what the stream throws; the signal's reason
 */
export async function putObject(put: PutTarget, body: Body): Promise<StoredObject> {
  put.signal.throwIfAborted()
  try {
    const bytes = await putBody(put, body)
    // What the server's clock says would be one more request.
    return { bytes, lastModified: new Date() }
  } catch (error) {
    if (error instanceof MismatchError) await removeIfMismatched(put, error.expected)
    throw error
  }
}

async function putBody(put: PutTarget, body: Body): Promise<number> {
  if (body instanceof Uint8Array) return await putBytes(put, body)
  return 'path' in body ? await putFile(put, body) : await putStream(put, body)
}

async function putBytes({ bucket, key, signal }: PutTarget, body: Uint8Array): Promise<number> {
  const bytes = body.byteLength
  const command = new PutObjectCommand({ ...bucket.params, Key: key, Body: body })
  let digest: Promise<string> | undefined
  const attempt = async (trySignal: AbortSignal) => {
    const sending = bucket.send(command, trySignal)
    // Worked out while the bytes are under way and the server thinks.
    digest ??= computeMd5(body)
    const [response, md5] = await Promise.all([sending, digest])
    if (!verifyChecksum(response, { bytes, md5 }))
      await verifyStored({ bucket, key, signal: trySignal }, { bytes, md5 })
  }
  await bucket.retry(attempt, { signal, bytes })
  return bytes
}

/** However large it is, little of it is in memory; and unlike another stream it can be sent again. */
async function putFile({ bucket, key, signal }: PutTarget, file: FileBody): Promise<number> {
  const { path, bytes, sha256 } = file
  await assertFileSize(file)
  let digest: Promise<string> | undefined
  const attempt = async (trySignal: AbortSignal) => {
    const Body = Bun.file(path).stream()
    const command = new PutObjectCommand({ ...bucket.params, Key: key, Body, ContentLength: bytes })
    setPayloadHash(command, sha256)
    const sending = bucket.send(command, trySignal)
    // Read apart from what is sent, which then goes from the disk to the network without us.
    digest ??= computeFileMd5(file, signal)
    const [response, md5] = await Promise.all([sending, digest])
    if (!verifyChecksum(response, { bytes, md5 }))
      await verifyStored({ bucket, key, signal: trySignal }, { bytes, md5 })
  }
  await bucket.retry(attempt, { signal, bytes })
  return bytes
}

async function putStream(put: PutTarget, body: ReadableStream<Uint8Array>): Promise<number> {
  const failed = new AbortController()
  const target = { ...put, signal: AbortSignal.any([put.signal, failed.signal]) }
  const parts = splitIntoParts(body, target.signal)
  try {
    const { value: first = new Uint8Array() } = await parts.next()
    if (first.byteLength < PART_BYTES) return await putBytes(target, first)
    return await putMultipart(target, prepend(first, parts), error => failed.abort(error))
  } finally {
    await parts.return(undefined)
  }
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}
