import { judgeSignature } from '../src/store/s3/signature.fixture.ts'
import { BUCKET, makePictures, PROVIDER_MS, SERVER, STORE_MS } from './uploads-pictures.ts'

/**
 * A provider and an object store, in a process of their own that writes its address as a line. The provider gives a picture
 * after 50 ms. The store judges the signature, the length, the hash that was signed and every byte, and answers 80 ms after the last
 * of them; it knows the pictures beforehand, so that its own hashing is not what is measured on a machine that both share.
 */

const pictures = makePictures().map(bytes => ({
  bytes,
  sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
  etag: `"${new Bun.CryptoHasher('md5').update(bytes).digest('hex')}"`,
}))

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: answer,
  error: () => new Response(null, { status: 500 }),
})
process.stdout.write(`${server.url.origin}\n`)

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const [, place, index] = /^\/(provider|floor|bench)\/(\d)$/.exec(pathname) ?? []
  const picture = pictures[Number(index)]
  if (!picture || place === undefined) return new Response(null, { status: 404 })
  if (place === 'provider') {
    await Bun.sleep(PROVIDER_MS)
    return new Response(picture.bytes, { headers: { 'content-type': 'image/png' } })
  }
  const refused = place === BUCKET ? judgeSignature(request, SERVER) : null
  const bytes = new Uint8Array(await request.arrayBuffer())
  const arrived = performance.now()
  const sha256 = request.headers.get('x-amz-content-sha256') ?? picture.sha256
  if (refused || sha256 !== picture.sha256 || Buffer.compare(bytes, picture.bytes) !== 0) {
    return new Response(`<Error><Code>${refused ?? 'BadDigest'}</Code></Error>`, { status: 403 })
  }
  await Bun.sleep(STORE_MS - (performance.now() - arrived))
  return new Response(null, { headers: { etag: picture.etag } })
}
