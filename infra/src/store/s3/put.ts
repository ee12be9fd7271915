import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Body, FileBody, StoredObject } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { checkSize, md5OfFile, withPayloadHash } from './file.ts'
import { putParts } from './multipart.ts'
import { PART_BYTES, partsOf } from './parts.ts'
import { confirm, discard, MismatchError, md5Of, vouchesFor } from './verify.ts'

/** Where something is put, and how long that is wanted. */
export interface Put {
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
export async function putObject(put: Put, body: Body): Promise<StoredObject> {
  put.signal.throwIfAborted()
  try {
    const bytes = await putBody(put, body)
    // What the server's clock says would be one more request.
    return { bytes, modified: new Date() }
  } catch (error) {
    if (error instanceof MismatchError) await discard(put, error.sent)
    throw error
  }
}

async function putBody(put: Put, body: Body): Promise<number> {
  if (body instanceof Uint8Array) return await putBytes(put, body)
  return 'path' in body ? await putFile(put, body) : await putStream(put, body)
}

async function putBytes({ bucket, key, signal }: Put, body: Uint8Array): Promise<number> {
  const bytes = body.byteLength
  const command = new PutObjectCommand({ ...bucket.at, Key: key, Body: body })
  let digest: Promise<string> | undefined
  const attempt = async (within: AbortSignal) => {
    const answer = bucket.send(command, within)
    // Worked out while the bytes are under way and the server thinks.
    digest ??= md5Of(body)
    const [said, md5] = await Promise.all([answer, digest])
    if (!vouchesFor(said, { bytes, md5 })) await confirm({ bucket, key, signal: within }, { bytes, md5 })
  }
  await bucket.insist(attempt, { signal, bytes })
  return bytes
}

/** However large it is, little of it is in memory; and unlike another stream it can be sent again. */
async function putFile({ bucket, key, signal }: Put, file: FileBody): Promise<number> {
  const { path, bytes, sha256 } = file
  await checkSize(file)
  let digest: Promise<string> | undefined
  const attempt = async (within: AbortSignal) => {
    const Body = Bun.file(path).stream()
    const command = new PutObjectCommand({ ...bucket.at, Key: key, Body, ContentLength: bytes })
    withPayloadHash(command, sha256)
    const answer = bucket.send(command, within)
    // Read apart from what is sent, which then goes from the disk to the network without us.
    digest ??= md5OfFile(file, signal)
    const [said, md5] = await Promise.all([answer, digest])
    if (!vouchesFor(said, { bytes, md5 })) await confirm({ bucket, key, signal: within }, { bytes, md5 })
  }
  await bucket.insist(attempt, { signal, bytes })
  return bytes
}

async function putStream(put: Put, body: ReadableStream<Uint8Array>): Promise<number> {
  const failed = new AbortController()
  const within = { ...put, signal: AbortSignal.any([put.signal, failed.signal]) }
  const parts = partsOf(body, within.signal)
  try {
    const { value: first = new Uint8Array() } = await parts.next()
    if (first.byteLength < PART_BYTES) return await putBytes(within, first)
    return await putParts(within, joined(first, parts), error => failed.abort(error))
  } finally {
    await parts.return(undefined)
  }
}

async function* joined<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}
