import { createStoredObject, type StoredObject } from '../../testing/s3/object-body.ts'
import { createS3Handler } from '../../testing/s3/s3-handler.ts'
import { S3Error } from '../../testing/s3/s3-responses.ts'
import { serveStore } from '../../testing/s3/serve.ts'
import {
  BUCKET,
  createVideoFiles,
  LARGE_FILES,
  PROVIDER_DELAY_MS,
  S3_SETTINGS,
  SMALL_FILES,
  STORE_DELAY_MS,
} from '../kit/image-files.ts'

/**
 * A provider and an object store, in a process of their own that writes its address as a line. The provider serves a file after
 * 50 ms. The store checks the signature, the length, the signed hash and every byte, and responds 80 ms after the last of them. It
 * knows the files beforehand: both sides share the machine, and the store's hashing would be measured along with the uploads.
 */

const knownFiles = new Map(
  [SMALL_FILES, LARGE_FILES].flatMap(files =>
    createVideoFiles(files).map((bytes, index) => [`${files.name}/${index}`, describeFile(bytes)]),
  ),
)

const store = { buckets: [BUCKET, 'floor'], delayMs: STORE_DELAY_MS, readObject: readKnownObject }
const putSigned = createS3Handler({ ...store, credentials: S3_SETTINGS })
const putUnsigned = createS3Handler(store)

serveStore(async request => {
  const { target, file } = parseTarget(request)
  if (!file) return new Response(null, { status: 404 })
  if (target === BUCKET) return await putSigned(request)
  if (target !== 'provider') return await putUnsigned(request)
  await Bun.sleep(PROVIDER_DELAY_MS)
  return new Response(file.bytes, { headers: { 'content-type': 'video/mp4' } })
})

function parseTarget(request: Request) {
  const { pathname } = new URL(request.url)
  const [, target = '', name = '', index = ''] =
    /^\/(provider|floor|bench)\/.*?(small|large)\b.*?(\d)(?:\.mp4)?$/.exec(pathname) ?? []
  return { target, file: knownFiles.get(`${name}/${index}`) }
}

/** Reads an object that must be the known file of its address. @throws S3Error */
async function readKnownObject(request: Request): Promise<StoredObject> {
  const { file } = parseTarget(request)
  const sha256 = request.headers.get('x-amz-content-sha256') ?? file?.sha256
  if (!file || sha256 !== file.sha256 || !(await matchesBody(request, file.bytes))) throw new S3Error('BadDigest', 403)
  return createStoredObject(file.bytes, file.md5)
}

/** Compares a body chunk by chunk as it arrives. */
async function matchesBody(request: Request, expected: Uint8Array): Promise<boolean> {
  let at = 0
  for await (const chunk of request.body ?? []) {
    if (Buffer.compare(chunk, expected.subarray(at, at + chunk.byteLength)) !== 0) return false
    at += chunk.byteLength
  }
  return at === expected.byteLength
}

function describeFile(bytes: Uint8Array<ArrayBuffer>) {
  const hash = (algorithm: 'sha256' | 'md5') => new Bun.CryptoHasher(algorithm).update(bytes).digest('hex')
  return { bytes, sha256: hash('sha256'), md5: hash('md5') }
}
