import { verifySignature } from '../../testing/s3/signature.ts'
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
 * A provider and an object store, in a process of their own that writes its address as a line. The provider gives a file
 * after 50 ms. The store judges the signature, the length, the hash that was signed and every byte, and answers 80 ms after the last
 * of them; it knows the files beforehand, so that its own hashing is not what is measured on a machine that both share.
 */

const knownFiles = new Map(
  [SMALL_FILES, LARGE_FILES].flatMap(files =>
    createVideoFiles(files).map((bytes, index) => [`${files.name}/${index}`, describeFile(bytes)]),
  ),
)

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: handleRequest,
  error: () => new Response(null, { status: 500 }),
})
process.stdout.write(`${server.url.origin}\n`)

async function handleRequest(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const [, target = '', name = '', index = ''] =
    /^\/(provider|floor|bench)\/.*?(small|large)\b.*?(\d)(?:\.mp4)?$/.exec(pathname) ?? []
  const file = knownFiles.get(`${name}/${index}`)
  if (!file) return new Response(null, { status: 404 })
  if (target !== 'provider') return await handlePut(request, target, file)
  await Bun.sleep(PROVIDER_DELAY_MS)
  return new Response(file.bytes, { headers: { 'content-type': 'video/mp4' } })
}

async function handlePut(request: Request, target: string, file: ReturnType<typeof describeFile>): Promise<Response> {
  const refused = target === BUCKET ? verifySignature(request, S3_SETTINGS) : null
  const sha256 = request.headers.get('x-amz-content-sha256') ?? file.sha256
  if (refused || sha256 !== file.sha256 || !(await matchesBody(request, file.bytes))) {
    return new Response(`<Error><Code>${refused ?? 'BadDigest'}</Code></Error>`, { status: 403 })
  }
  await Bun.sleep(STORE_DELAY_MS)
  return new Response(null, { headers: { etag: file.etag } })
}

/** Compares what comes as it comes. */
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
  return { bytes, sha256: hash('sha256'), etag: `"${hash('md5')}"` }
}
