import { open, stat } from 'node:fs/promises'
import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { type FileBody, StoreError } from '../store.ts'

const PIECE = 256 * 1024

/** @throws StoreError if a file has not the size that it is said to have: whoever sent it would promise too much */
export async function checkSize({ path, bytes }: FileBody): Promise<void> {
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
  if (size !== bytes) throw new StoreError(`a file of ${bytes} bytes has ${size}`)
}

/** The MD5 of a file in hex, read a piece at a time into the same memory. @throws the signal's reason */
export async function md5OfFile({ path }: FileBody, signal: AbortSignal): Promise<string> {
  const hash = new Bun.CryptoHasher('md5')
  const piece = new Uint8Array(PIECE)
  await using file = await open(path)
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(piece, 0, PIECE)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(piece.subarray(0, bytesRead))
  }
}

/** Has a request signed with the hash that its body is known to have, so that the server can refuse any other. */
export function withPayloadHash(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    next => async args => {
      Object.assign(headersOf(args.request), { 'x-amz-content-sha256': sha256 })
      return await next(args)
    },
    { step: 'build', name: 'payloadHash' },
  )
}

function headersOf(request: unknown): object {
  if (typeof request !== 'object' || request === null || !('headers' in request)) throw new Error('not a request')
  const { headers } = request
  if (typeof headers !== 'object' || headers === null) throw new Error('not a request')
  return headers
}
