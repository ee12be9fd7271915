import { verifySignature } from './signature.ts'

/**
 * An S3 server that is strict where s3rver is not: it checks every signature and every hash, takes an object whole or not at
 * all, lists in order and page by page, and gives up an upload in parts when it is told to. It keeps everything in memory
 * and runs as a process of its own: `bun strict.fixture.ts <access key> <secret>` writes its address as a line.
 */

interface StoredObject {
  bytes: Uint8Array
  etag: string
  modified: Date
}

interface Upload {
  key: string
  parts: Map<number, StoredObject>
}

interface Bucket {
  objects: Map<string, StoredObject>
  uploads: Map<string, Upload>
}

interface RequestContext {
  request: Request
  bucket: Bucket
  key: string
  query: URLSearchParams
}

class S3Error extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number) {
    super(code)
    this.code = code
    this.status = status
  }
}

const [accessKeyId = '', secretAccessKey = ''] = process.argv.slice(2)
const MIN_PART_BYTES = 5 * 1024 * 1024
const PAGE_SIZE = 1_000
const buckets = new Map<string, Bucket>()

const HANDLERS: [
  method: string,
  parameter: string | null,
  handle: (context: RequestContext) => Response | Promise<Response>,
][] = [
  ['POST', 'uploads', createMultipartUpload],
  ['PUT', 'uploadId', uploadPart],
  ['POST', 'uploadId', completeMultipartUpload],
  ['DELETE', 'uploadId', abortMultipartUpload],
  ['PUT', null, putObject],
  ['GET', null, getObject],
  ['HEAD', null, getObject],
  ['DELETE', null, deleteObject],
]

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  maxRequestBodySize: 1024 ** 3,
  fetch: handleRequest,
  error: () => errorResponse(new S3Error('InternalError', 500)),
})
process.stdout.write(`${server.url.origin}\n`)

async function handleRequest(request: Request): Promise<Response> {
  try {
    const errorCode = verifySignature(request, { accessKeyId, secretAccessKey })
    if (errorCode) throw new S3Error(errorCode, 403)
    const { pathname, searchParams } = new URL(request.url)
    const [, name = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? []
    if (key === '' && request.method === 'PUT') buckets.set(name, { objects: new Map(), uploads: new Map() })
    const bucket = buckets.get(name)
    if (!bucket) throw new S3Error('NoSuchBucket', 404)
    if (key === '' && request.method === 'DELETE') buckets.delete(name)
    if (key === '') return request.method === 'GET' ? listObjects(bucket, searchParams) : new Response()
    const handler = HANDLERS.find(([method, has]) => method === request.method && (!has || searchParams.has(has)))
    if (!handler) throw new S3Error('MethodNotAllowed', 405)
    return await handler[2]({ request, bucket, key, query: searchParams })
  } catch (error) {
    if (error instanceof S3Error) return errorResponse(error)
    throw error
  }
}

async function putObject({ request, bucket, key }: RequestContext): Promise<Response> {
  const object = await readBody(request)
  bucket.objects.set(key, object)
  return new Response(null, { headers: { etag: object.etag } })
}

function getObject({ request, bucket, key }: RequestContext): Response {
  const object = bucket.objects.get(key)
  if (!object) throw new S3Error('NoSuchKey', 404)
  const headers = { etag: object.etag, 'last-modified': object.modified.toUTCString(), 'accept-ranges': 'bytes' }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '') ?? []
  const size = object.bytes.byteLength
  const end = Math.min(Number(last ?? size), size - 1)
  const start = Number(first ?? 0)
  if (first !== undefined && start > end) throw new S3Error('InvalidRange', 416)
  const part = object.bytes.slice(start, end + 1)
  const body = request.method === 'HEAD' ? null : part
  const length = { 'content-length': String(part.byteLength) }
  if (first === undefined) return new Response(body, { headers: { ...headers, ...length } })
  const range = { 'content-range': `bytes ${start}-${end}/${size}` }
  return new Response(body, { status: 206, headers: { ...headers, ...length, ...range } })
}

function deleteObject({ bucket, key }: RequestContext): Response {
  bucket.objects.delete(key)
  return new Response(null, { status: 204 })
}

function createMultipartUpload({ bucket, key }: RequestContext): Response {
  const id = crypto.randomUUID()
  bucket.uploads.set(id, { key, parts: new Map() })
  return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
}

async function uploadPart(context: RequestContext): Promise<Response> {
  const object = await readBody(context.request)
  findUpload(context).parts.set(Number(context.query.get('partNumber')), object)
  return new Response(null, { headers: { etag: object.etag } })
}

async function completeMultipartUpload(context: RequestContext): Promise<Response> {
  const upload = findUpload(context)
  const named = [...(await context.request.text()).matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => part)
  const parts = named.map(part => {
    const object = upload.parts.get(Number(/<PartNumber>(\d+)</.exec(part)?.[1]))
    const etag = /<ETag>(?:"|&quot;)?([0-9a-f]+)/.exec(part)?.[1]
    if (!object || object.etag !== `"${etag}"`) throw new S3Error('InvalidPart', 400)
    return object
  })
  if (parts.length === 0) throw new S3Error('MalformedXML', 400)
  if (parts.slice(0, -1).some(part => part.bytes.byteLength < MIN_PART_BYTES)) throw new S3Error('EntityTooSmall', 400)
  const digests = Buffer.concat(parts.map(part => Buffer.from(part.etag.slice(1, -1), 'hex')))
  const etag = `"${hash('md5', digests).toString('hex')}-${parts.length}"`
  context.bucket.objects.set(context.key, {
    bytes: Buffer.concat(parts.map(part => part.bytes)),
    etag,
    modified: new Date(),
  })
  context.bucket.uploads.delete(context.query.get('uploadId') ?? '')
  return xml(
    `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CompleteMultipartUploadResult>`,
  )
}

function abortMultipartUpload(context: RequestContext): Response {
  findUpload(context)
  context.bucket.uploads.delete(context.query.get('uploadId') ?? '')
  return new Response(null, { status: 204 })
}

/** The keys in order, or with `?uploads` the uploads in parts that are under way. */
function listObjects(bucket: Bucket, query: URLSearchParams): Response {
  if (query.has('uploads')) {
    const uploads = [...bucket.uploads.values()].map(({ key }) => `<Upload><Key>${key}</Key></Upload>`)
    return xml(`<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>`)
  }
  const after = query.get('continuation-token') ?? ''
  const keys = [...bucket.objects.keys()].filter(key => key.startsWith(query.get('prefix') ?? '')).toSorted()
  const left = keys.filter(key => key > after)
  const page = left.slice(0, PAGE_SIZE)
  const next = left.length > PAGE_SIZE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  const contents = page.map(key => `<Contents><Key>${key}</Key></Contents>`).join('')
  return xml(`<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${contents}</ListBucketResult>`)
}

/** A body that is as long, and what, the request says that it is. */
async function readBody(request: Request): Promise<StoredObject> {
  if (/aws-chunked/.test(request.headers.get('content-encoding') ?? '')) throw new S3Error('NotImplemented', 501)
  const bytes = await request.bytes()
  if (bytes.byteLength !== Number(request.headers.get('content-length'))) throw new S3Error('IncompleteBody', 400)
  const sha256 = request.headers.get('x-amz-content-sha256')
  if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== hash('sha256', bytes).toString('hex')) {
    throw new S3Error('XAmzContentSHA256Mismatch', 400)
  }
  return { bytes, etag: `"${hash('md5', bytes).toString('hex')}"`, modified: new Date() }
}

function findUpload({ bucket, key, query }: RequestContext): Upload {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '')
  if (upload?.key !== key) throw new S3Error('NoSuchUpload', 404)
  return upload
}

function hash(algorithm: 'md5' | 'sha256', bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher(algorithm).update(bytes).digest()
}

function xml(text: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${text}`, {
    headers: { 'content-type': 'application/xml' },
  })
}

function errorResponse({ code, status }: S3Error): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`, { status })
}
