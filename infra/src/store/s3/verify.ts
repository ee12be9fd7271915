import { setImmediate } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type PutObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { StoreError } from '../store.ts'
import type { Put } from './put.ts'

/** What was sent, in short. `md5` is in hex, or null if it is not known. */
export interface Sent {
  bytes: number
  md5: string | null
}

/** The server has something else than what it was sent, whatever it answered. */
export class MismatchError extends StoreError {
  readonly sent: Sent

  constructor(sent: Sent) {
    super('the object store has something else than what it was sent')
    this.sent = sent
  }
}

type Answer = Pick<PutObjectCommandOutput, 'ETag' | 'ServerSideEncryption' | 'SSECustomerAlgorithm'>

const SLICE = 1024 * 1024

/** The MD5 of some bytes in hex, worked out a little at a time, so that what else there is to do gets its turn. */
export async function md5Of(bytes: Uint8Array): Promise<string> {
  const hash = new Bun.CryptoHasher('md5')
  for (let at = 0; at < bytes.byteLength; at += SLICE) {
    await setImmediate()
    hash.update(bytes.subarray(at, at + SLICE))
  }
  return hash.digest('hex')
}

/** Whether an answer says that the server has just what was sent. @throws MismatchError if it says that it has not */
export function vouchesFor(answer: Answer, sent: Sent): boolean {
  const md5 = md5In(answer)
  if (md5 !== null && md5 !== sent.md5) throw new MismatchError(sent)
  return md5 !== null
}

/** Looks at what the server has. @throws MismatchError if that is not what was sent; what the SDK throws */
export async function confirm({ bucket, key, signal }: Put, sent: Sent): Promise<void> {
  const there = await bucket.send(new HeadObjectCommand({ ...bucket.at, Key: key }), signal)
  if (!isSame(there, sent)) throw new MismatchError(sent)
}

/** Removes what is not what was sent, unless another put of the same key has set it right meanwhile. */
export async function discard({ bucket, key }: Pick<Put, 'bucket' | 'key'>, sent: Sent): Promise<void> {
  const object = { ...bucket.at, Key: key }
  try {
    const there = await bucket.ask(new HeadObjectCommand(object))
    if (!isSame(there, sent)) await bucket.ask(new DeleteObjectCommand(object))
  } catch {
    // Nothing refers to it, and who put it is told that it failed.
  }
}

function isSame(there: HeadObjectCommandOutput, { bytes, md5 }: Sent): boolean {
  if (there.ContentLength !== bytes) return false
  return md5 === null || (md5In(there) ?? md5) === md5
}

/**
 * The MD5 of what the server has, or null where its ETag is something else: it is one for what came in one request, unless
 * that was encrypted under a key of its own.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
function md5In({ ETag = '', ServerSideEncryption, SSECustomerAlgorithm }: Answer): string | null {
  if (SSECustomerAlgorithm !== undefined || (ServerSideEncryption ?? 'AES256') !== 'AES256') return null
  return /^"?([0-9a-f]{32})"?$/i.exec(ETag)?.[1]?.toLowerCase() ?? null
}
