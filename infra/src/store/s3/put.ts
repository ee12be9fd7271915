import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Body, FileBody, StoredObject } from '../store.ts'
import { assertFileSize, computeFileMd5, setPayloadHash } from './file.ts'
import { putMultipart } from './multipart.ts'
import { PART_BYTES, splitIntoParts } from './parts.ts'
import type { PutTarget } from './put-target.ts'
import { computeMd5, MismatchError, removeIfMismatched, verifyPut } from './verify.ts'

/**
 * Stores an object. Bytes, a file, and a stream no longer than a part are sent in one request. A longer stream is a multipart
 * upload, and exists once its last part has arrived.
 *
 * @throws StoreError when the server does not have exactly these bytes; what the stream throws; the signal's reason
 */
export async function putObject(put: PutTarget, body: Body): Promise<StoredObject> {
  put.signal.throwIfAborted()
  try {
    const bytes = await putBody(put, body)
    // The local clock: the server's own date would cost another request.
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
    // Computed during the transfer, and only once for all tries.
    digest ??= computeMd5(body)
    const [response, md5] = await Promise.all([sending, digest])
    await verifyPut({ bucket, key, signal: trySignal }, response, { bytes, md5 })
  }
  await bucket.retry(attempt, { signal, bytes })
  return bytes
}

/** Streams a file in one request, so that only a little of it is in memory. Unlike another stream it can be sent again. */
async function putFile({ bucket, key, signal }: PutTarget, file: FileBody): Promise<number> {
  const { path, bytes, sha256 } = file
  await assertFileSize(file)
  let digest = file.md5 === undefined ? undefined : Promise.resolve(file.md5)
  const attempt = async (trySignal: AbortSignal) => {
    const Body = Bun.file(path).stream()
    const command = new PutObjectCommand({ ...bucket.params, Key: key, Body, ContentLength: bytes })
    setPayloadHash(command, sha256)
    const sending = bucket.send(command, trySignal)
    // If need be by a second read of the file: what is sent goes from disk to network without passing through JavaScript.
    digest ??= computeFileMd5(file, signal)
    const [response, md5] = await Promise.all([sending, digest])
    await verifyPut({ bucket, key, signal: trySignal }, response, { bytes, md5 })
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
