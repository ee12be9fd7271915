import { setImmediate } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type PutObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { StoreError } from '../store.ts'
import type { PutTarget } from './put.ts'

/** What was sent, in short. `md5` is in hex, or null if it is not known. */
export interface ObjectDigest {
  bytes: number
  md5: string | null
}

/** The server has something else than what it was sent, whatever it answered. */
export class MismatchError extends StoreError {
  readonly expected: ObjectDigest

  constructor(expected: ObjectDigest) {
    super('the object store has something else than what it was sent')
    this.expected = expected
  }
}

type PutResponse = Pick<PutObjectCommandOutput, 'ETag' | 'ServerSideEncryption' | 'SSECustomerAlgorithm'>

const HASH_CHUNK_BYTES = 1024 * 1024

/** The MD5 of some bytes in hex, worked out a little at a time, so that what else there is to do gets its turn. */
export async function computeMd5(bytes: Uint8Array): Promise<string> {
  const hash = new Bun.CryptoHasher('md5')
  for (let at = 0; at < bytes.byteLength; at += HASH_CHUNK_BYTES) {
    await setImmediate()
    hash.update(bytes.subarray(at, at + HASH_CHUNK_BYTES))
  }
  return hash.digest('hex')
}

/** Whether an answer says that the server has just what was sent. @throws MismatchError if it says that it has not */
export function verifyChecksum(response: PutResponse, expected: ObjectDigest): boolean {
  const md5 = parseEtagMd5(response)
  if (md5 !== null && md5 !== expected.md5) throw new MismatchError(expected)
  return md5 !== null
}

/** Looks at what the server has. @throws MismatchError if that is not what was sent; what the SDK throws */
export async function verifyStored({ bucket, key, signal }: PutTarget, expected: ObjectDigest): Promise<void> {
  const stored = await bucket.send(new HeadObjectCommand({ ...bucket.params, Key: key }), signal)
  if (!matchesDigest(stored, expected)) throw new MismatchError(expected)
}

/** Removes what is not what was sent, unless another put of the same key has set it right meanwhile. */
export async function removeIfMismatched(
  { bucket, key }: Pick<PutTarget, 'bucket' | 'key'>,
  expected: ObjectDigest,
): Promise<void> {
  const object = { ...bucket.params, Key: key }
  try {
    const stored = await bucket.sendWithRetry(new HeadObjectCommand(object))
    if (!matchesDigest(stored, expected)) await bucket.sendWithRetry(new DeleteObjectCommand(object))
  } catch {
    // Nothing refers to it, and who put it is told that it failed.
  }
}

function matchesDigest(stored: HeadObjectCommandOutput, { bytes, md5 }: ObjectDigest): boolean {
  if (stored.ContentLength !== bytes) return false
  return md5 === null || (parseEtagMd5(stored) ?? md5) === md5
}

/**
 * The MD5 of what the server has, or null where its ETag is something else: it is one for what came in one request, unless
 * that was encrypted under a key of its own.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
function parseEtagMd5({ ETag = '', ServerSideEncryption, SSECustomerAlgorithm }: PutResponse): string | null {
  if (SSECustomerAlgorithm !== undefined || (ServerSideEncryption ?? 'AES256') !== 'AES256') return null
  return /^"?([0-9a-f]{32})"?$/i.exec(ETag)?.[1]?.toLowerCase() ?? null
}
