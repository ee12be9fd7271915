import { setImmediate } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type PutObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { StoreError } from '../store.ts'
import type { PutTarget } from './put-target.ts'

/** Size and checksum of the bytes that were sent. */
export interface ObjectDigest {
  bytes: number
  /** In hex; null when it is not known. */
  md5: string | null
}

/** The server has other bytes than those it was sent, although it reported success. */
export class MismatchError extends StoreError {
  readonly expected: ObjectDigest

  constructor(expected: ObjectDigest) {
    super('the object store has something else than what it was sent')
    this.expected = expected
  }
}

type PutResponse = Pick<PutObjectCommandOutput, 'ETag' | 'ServerSideEncryption' | 'SSECustomerAlgorithm'>

const HASH_CHUNK_BYTES = 1024 * 1024

/** Returns the MD5 of some bytes in hex. Yields to the event loop after each chunk, so that hashing does not block it. */
export async function computeMd5(bytes: Uint8Array): Promise<string> {
  const hash = new Bun.CryptoHasher('md5')
  for (let at = 0; at < bytes.byteLength; at += HASH_CHUNK_BYTES) {
    await setImmediate()
    hash.update(bytes.subarray(at, at + HASH_CHUNK_BYTES))
  }
  return hash.digest('hex')
}

/**
 * Verifies a put by the checksum of its response, or by a HEAD request when the response has none.
 *
 * @throws MismatchError when the server has other bytes; what the SDK throws
 */
export async function verifyPut(target: PutTarget, response: PutResponse, expected: ObjectDigest): Promise<void> {
  if (!verifyChecksum(response, expected)) await verifyStored(target, expected)
}

/**
 * Compares the checksum of a response with what was sent.
 *
 * @returns false when the response has no checksum
 * @throws MismatchError when the checksums differ
 */
export function verifyChecksum(response: PutResponse, expected: ObjectDigest): boolean {
  const md5 = parseEtagMd5(response)
  if (md5 !== null && md5 !== expected.md5) throw new MismatchError(expected)
  return md5 !== null
}

/**
 * Compares the stored object with what was sent, by a HEAD request.
 *
 * @throws MismatchError when they differ; what the SDK throws
 */
export async function verifyStored({ bucket, key, signal }: PutTarget, expected: ObjectDigest): Promise<void> {
  const stored = await bucket.send(new HeadObjectCommand({ ...bucket.params, Key: key }), signal)
  if (!matchesDigest(stored, expected)) throw new MismatchError(expected)
}

/** Removes an object that is not what was sent, unless another put of the same key has replaced it meanwhile. */
export async function removeIfMismatched(
  { bucket, key }: Pick<PutTarget, 'bucket' | 'key'>,
  expected: ObjectDigest,
): Promise<void> {
  const object = { ...bucket.params, Key: key }
  try {
    const stored = await bucket.sendWithRetry(new HeadObjectCommand(object))
    if (!matchesDigest(stored, expected)) await bucket.sendWithRetry(new DeleteObjectCommand(object))
  } catch {
    // No row refers to the object, and the caller receives the error of the put itself.
  }
}

function matchesDigest(stored: HeadObjectCommandOutput, { bytes, md5 }: ObjectDigest): boolean {
  if (stored.ContentLength !== bytes) return false
  return md5 === null || (parseEtagMd5(stored) ?? md5) === md5
}

/**
 * Returns the MD5 of the stored object in hex, or null when its ETag is no MD5. An ETag is an MD5 for objects that were sent in
 * one request and are not encrypted under a key of their own.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
function parseEtagMd5({ ETag = '', ServerSideEncryption, SSECustomerAlgorithm }: PutResponse): string | null {
  if (SSECustomerAlgorithm !== undefined || (ServerSideEncryption ?? 'AES256') !== 'AES256') return null
  return /^"?([0-9a-f]{32})"?$/i.exec(ETag)?.[1]?.toLowerCase() ?? null
}
