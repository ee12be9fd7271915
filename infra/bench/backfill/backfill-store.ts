/**
 * An object store in a process of its own, which writes its address as a line. It answers 80 ms after the last byte of a request
 * has come, keeps everything in memory, and forgets it on `POST /forget`.
 */

const RESPONSE_DELAY_MS = 80
const objects = new Map<string, { bytes: Uint8Array<ArrayBuffer>; etag: string }>()
const counts: Record<string, number> = {}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  maxRequestBodySize: 1024 ** 3,
  fetch: handleRequest,
  error: () => new Response(null, { status: 500 }),
})
process.stdout.write(`${server.url.origin}\n`)

async function handleRequest(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/forget') objects.clear()
  if (pathname === '/forget') return Response.json(counts)
  const bytes = new Uint8Array(await request.arrayBuffer())
  counts[request.method] = (counts[request.method] ?? 0) + 1
  const etag = request.method === 'PUT' ? `"${new Bun.CryptoHasher('md5').update(bytes).digest('hex')}"` : ''
  await Bun.sleep(RESPONSE_DELAY_MS)
  if (request.method !== 'PUT') return createObjectResponse(pathname, request.method)
  objects.set(pathname, { bytes, etag })
  return new Response(null, { headers: { etag } })
}

function createObjectResponse(pathname: string, method: string): Response {
  const object = objects.get(pathname)
  if (/^\/bench\/?$/.test(pathname)) return new Response()
  if (!object) return new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404 })
  const headers = { etag: object.etag, 'content-length': String(object.bytes.byteLength) }
  return new Response(method === 'HEAD' ? null : object.bytes, { headers })
}
