import { S3Error } from './s3-responses.ts'

export interface StoredObject {
  bytes: Uint8Array
  etag: string
  modified: Date
}

/**
 * Reads an object whose length and SHA-256 must be those that the request names.
 *
 * @throws S3Error
 */
export async function readVerifiedObject(request: Request): Promise<StoredObject> {
  if (/aws-chunked/.test(request.headers.get('content-encoding') ?? '')) throw new S3Error('NotImplemented', 501)
  const bytes = await request.bytes()
  if (bytes.byteLength !== Number(request.headers.get('content-length'))) throw new S3Error('IncompleteBody', 400)
  const sha256 = request.headers.get('x-amz-content-sha256')
  if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== hash('sha256', bytes)) {
    throw new S3Error('XAmzContentSHA256Mismatch', 400)
  }
  return createStoredObject(bytes, hash('md5', bytes))
}

/** Reads an object as it comes. */
export async function readUnverifiedObject(request: Request): Promise<StoredObject> {
  const bytes = await request.bytes()
  return createStoredObject(bytes, hash('md5', bytes))
}

/** Hashes an object piece by piece and discards its bytes. */
export async function hashObject(request: Request): Promise<StoredObject> {
  const md5 = new Bun.CryptoHasher('md5')
  for await (const chunk of request.body ?? []) md5.update(chunk)
  return createStoredObject(new Uint8Array(), md5.digest('hex'))
}

/** Returns an object with the MD5 of its bytes as its ETag. */
export function createStoredObject(bytes: Uint8Array, md5: string): StoredObject {
  return { bytes, etag: `"${md5}"`, modified: new Date() }
}

function hash(algorithm: 'md5' | 'sha256', bytes: Uint8Array): string {
  return new Bun.CryptoHasher(algorithm).update(bytes).digest('hex')
}
