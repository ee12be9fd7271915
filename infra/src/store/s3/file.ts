import { open, stat } from 'node:fs/promises'
import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { type FileBody, StoreError } from '../store.ts'

const READ_CHUNK_BYTES = 256 * 1024

/**
 * Asserts that a file has its declared size: the request would announce a length that never arrives.
 *
 * @throws StoreError when the sizes differ
 */
export async function assertFileSize({ path, bytes }: FileBody): Promise<void> {
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
  if (size !== bytes) throw new StoreError(`file has ${size} bytes instead of ${bytes}`)
}

/**
 * Returns the MD5 of a file in hex. Reads it chunk by chunk into one buffer.
 *
 * @throws the signal's reason
 */
export async function computeFileMd5({ path }: FileBody, signal: AbortSignal): Promise<string> {
  const hash = new Bun.CryptoHasher('md5')
  const buffer = new Uint8Array(READ_CHUNK_BYTES)
  await using file = await open(path)
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, READ_CHUNK_BYTES)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
  }
}

/** Signs a request with the known hash of its body, so that the server can reject any other body. */
export function setPayloadHash(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    next => async args => {
      Object.assign(getHeaders(args.request), { 'x-amz-content-sha256': sha256 })
      return await next(args)
    },
    { step: 'build', name: 'payloadHash' },
  )
}

function getHeaders(request: unknown): object {
  if (typeof request !== 'object' || request === null || !('headers' in request))
    throw new Error('S3 request has no headers')
  const { headers } = request
  if (typeof headers !== 'object' || headers === null) throw new Error('S3 request has no headers')
  return headers
}
