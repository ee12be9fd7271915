import { judgeSignature } from '../../testing/s3/signature.ts'
import { BUCKET, LARGE, makeFiles, PROVIDER_MS, SERVER, SMALL, STORE_MS } from '../kit/image-files.ts'

/**
 * A provider and an object store, in a process of their own that writes its address as a line. The provider gives a file
 * after 50 ms. The store judges the signature, the length, the hash that was signed and every byte, and answers 80 ms after the last
 * of them; it knows the files beforehand, so that its own hashing is not what is measured on a machine that both share.
 */

const known = new Map(
  [SMALL, LARGE].flatMap(files => makeFiles(files).map((bytes, index) => [`${files.name}/${index}`, describe(bytes)])),
)

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: answer,
  error: () => new Response(null, { status: 500 }),
})
process.stdout.write(`${server.url.origin}\n`)

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const [, place = '', name = '', index = ''] =
    /^\/(provider|floor|bench)\/.*?(small|large)\b.*?(\d)(?:\.mp4)?$/.exec(pathname) ?? []
  const file = known.get(`${name}/${index}`)
  if (!file) return new Response(null, { status: 404 })
  if (place !== 'provider') return await keep(request, place, file)
  await Bun.sleep(PROVIDER_MS)
  return new Response(file.bytes, { headers: { 'content-type': 'video/mp4' } })
}

async function keep(request: Request, place: string, file: ReturnType<typeof describe>): Promise<Response> {
  const refused = place === BUCKET ? judgeSignature(request, SERVER) : null
  const sha256 = request.headers.get('x-amz-content-sha256') ?? file.sha256
  if (refused || sha256 !== file.sha256 || !(await isBody(request, file.bytes))) {
    return new Response(`<Error><Code>${refused ?? 'BadDigest'}</Code></Error>`, { status: 403 })
  }
  await Bun.sleep(STORE_MS)
  return new Response(null, { headers: { etag: file.etag } })
}

/** Compares what comes as it comes. */
async function isBody(request: Request, expected: Uint8Array): Promise<boolean> {
  let at = 0
  for await (const chunk of request.body ?? []) {
    if (Buffer.compare(chunk, expected.subarray(at, at + chunk.byteLength)) !== 0) return false
    at += chunk.byteLength
  }
  return at === expected.byteLength
}

function describe(bytes: Uint8Array<ArrayBuffer>) {
  const hash = (algorithm: 'sha256' | 'md5') => new Bun.CryptoHasher(algorithm).update(bytes).digest('hex')
  return { bytes, sha256: hash('sha256'), etag: `"${hash('md5')}"` }
}
