import { judgeSignature } from '../../testing/s3/signature.ts'
import { BUCKET, SERVER, STORE_MS } from '../kit/image-files.ts'

/**
 * An object store on `QUERY_PORT`: it judges the signature of what it is given, and answers with the MD5 of it, 80 ms after the
 * last byte.
 */
Bun.serve({
  port: Number(process.env.QUERY_PORT),
  hostname: '127.0.0.1',
  maxRequestBodySize: 64 * 1024 * 1024,
  fetch: answer,
  error: () => new Response(null, { status: 500 }),
})

async function answer(request: Request): Promise<Response> {
  const isObject = new URL(request.url).pathname.startsWith(`/${BUCKET}/`)
  if (request.method !== 'PUT' || !isObject) return new Response(null, { status: 200 })
  const refused = judgeSignature(request, SERVER)
  if (refused) return new Response(`<Error><Code>${refused}</Code></Error>`, { status: 403 })
  const hash = new Bun.CryptoHasher('md5')
  for await (const chunk of request.body ?? []) hash.update(chunk)
  await Bun.sleep(STORE_MS)
  return new Response(null, { headers: { etag: `"${hash.digest('hex')}"` } })
}
