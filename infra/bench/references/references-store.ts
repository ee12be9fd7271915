import { verifySignature } from '../../testing/s3/signature.ts'
import { BUCKET, S3_SETTINGS, STORE_DELAY_MS } from '../kit/image-files.ts'

/**
 * An object store on `QUERY_PORT`: it judges the signature of what it is given, and answers with the MD5 of it, 80 ms after the
 * last byte.
 */
Bun.serve({
  port: Number(process.env.QUERY_PORT),
  hostname: '127.0.0.1',
  maxRequestBodySize: 64 * 1024 * 1024,
  fetch: handleRequest,
  error: () => new Response(null, { status: 500 }),
})

async function handleRequest(request: Request): Promise<Response> {
  const isObject = new URL(request.url).pathname.startsWith(`/${BUCKET}/`)
  if (request.method !== 'PUT' || !isObject) return new Response(null, { status: 200 })
  const refused = verifySignature(request, S3_SETTINGS)
  if (refused) return new Response(`<Error><Code>${refused}</Code></Error>`, { status: 403 })
  const hash = new Bun.CryptoHasher('md5')
  for await (const chunk of request.body ?? []) hash.update(chunk)
  await Bun.sleep(STORE_DELAY_MS)
  return new Response(null, { headers: { etag: `"${hash.digest('hex')}"` } })
}
