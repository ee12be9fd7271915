import { judgeSignature } from './signature.ts'

/**
 * An S3 server that is strict where s3rver is not: it checks every signature and every hash, takes an object whole or not at
 * all, lists in order and page by page, and gives up an upload in parts when it is told to. It keeps everything in memory
 * and runs as a process of its own: `bun strict.fixture.ts <access key> <secret>` writes its address as a line.
 */

interface Kept {
  bytes: Uint8Array
  etag: string
  modified: Date
}

interface Upload {
  key: string
  parts: Map<number, Kept>
}

interface Bucket {
  objects: Map<string, Kept>
  uploads: Map<string, Upload>
}

interface Asked {
  request: Request
  bucket: Bucket
  key: string
  query: URLSearchParams
}

class Refusal extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number) {
    super(code)
    this.code = code
    this.status = status
  }
}

const [accessKeyId = '', secretAccessKey = ''] = process.argv.slice(2)
const SMALLEST_PART = 5 * 1024 * 1024
const PAGE = 1_000
const buckets = new Map<string, Bucket>()

const HANDLERS: [method: string, parameter: string | null, handle: (asked: Asked) => Response | Promise<Response>][] = [
  ['POST', 'uploads', begin],
  ['PUT', 'uploadId', putPart],
  ['POST', 'uploadId', complete],
  ['DELETE', 'uploadId', abandon],
  ['PUT', null, put],
  ['GET', null, get],
  ['HEAD', null, get],
  ['DELETE', null, remove],
]

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  maxRequestBodySize: 1024 ** 3,
  fetch: answer,
  error: () => refuse(new Refusal('InternalError', 500)),
})
process.stdout.write(`${server.url.origin}\n`)

async function answer(request: Request): Promise<Response> {
  try {
    const refused = judgeSignature(request, { accessKeyId, secretAccessKey })
    if (refused) throw new Refusal(refused, 403)
    const { pathname, searchParams } = new URL(request.url)
    const [, name = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? []
    if (key === '' && request.method === 'PUT') buckets.set(name, { objects: new Map(), uploads: new Map() })
    const bucket = buckets.get(name)
    if (!bucket) throw new Refusal('NoSuchBucket', 404)
    if (key === '' && request.method === 'DELETE') buckets.delete(name)
    if (key === '') return request.method === 'GET' ? list(bucket, searchParams) : new Response()
    const handler = HANDLERS.find(([method, has]) => method === request.method && (!has || searchParams.has(has)))
    if (!handler) throw new Refusal('MethodNotAllowed', 405)
    return await handler[2]({ request, bucket, key, query: searchParams })
  } catch (error) {
    if (error instanceof Refusal) return refuse(error)
    throw error
  }
}

async function put({ request, bucket, key }: Asked): Promise<Response> {
  const kept = await receive(request)
  bucket.objects.set(key, kept)
  return new Response(null, { headers: { etag: kept.etag } })
}

function get({ request, bucket, key }: Asked): Response {
  const object = bucket.objects.get(key)
  if (!object) throw new Refusal('NoSuchKey', 404)
  const headers = { etag: object.etag, 'last-modified': object.modified.toUTCString(), 'accept-ranges': 'bytes' }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '') ?? []
  const size = object.bytes.byteLength
  const end = Math.min(Number(last ?? size), size - 1)
  const start = Number(first ?? 0)
  if (first !== undefined && start > end) throw new Refusal('InvalidRange', 416)
  const part = object.bytes.slice(start, end + 1)
  const body = request.method === 'HEAD' ? null : part
  const length = { 'content-length': String(part.byteLength) }
  if (first === undefined) return new Response(body, { headers: { ...headers, ...length } })
  const range = { 'content-range': `bytes ${start}-${end}/${size}` }
  return new Response(body, { status: 206, headers: { ...headers, ...length, ...range } })
}

function remove({ bucket, key }: Asked): Response {
  bucket.objects.delete(key)
  return new Response(null, { status: 204 })
}

function begin({ bucket, key }: Asked): Response {
  const id = crypto.randomUUID()
  bucket.uploads.set(id, { key, parts: new Map() })
  return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
}

async function putPart(asked: Asked): Promise<Response> {
  const kept = await receive(asked.request)
  uploadOf(asked).parts.set(Number(asked.query.get('partNumber')), kept)
  return new Response(null, { headers: { etag: kept.etag } })
}

async function complete(asked: Asked): Promise<Response> {
  const upload = uploadOf(asked)
  const named = [...(await asked.request.text()).matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => part)
  const parts = named.map(part => {
    const kept = upload.parts.get(Number(/<PartNumber>(\d+)</.exec(part)?.[1]))
    const etag = /<ETag>(?:"|&quot;)?([0-9a-f]+)/.exec(part)?.[1]
    if (!kept || kept.etag !== `"${etag}"`) throw new Refusal('InvalidPart', 400)
    return kept
  })
  if (parts.length === 0) throw new Refusal('MalformedXML', 400)
  if (parts.slice(0, -1).some(part => part.bytes.byteLength < SMALLEST_PART)) throw new Refusal('EntityTooSmall', 400)
  const digests = Buffer.concat(parts.map(part => Buffer.from(part.etag.slice(1, -1), 'hex')))
  const etag = `"${hash('md5', digests).toString('hex')}-${parts.length}"`
  asked.bucket.objects.set(asked.key, {
    bytes: Buffer.concat(parts.map(part => part.bytes)),
    etag,
    modified: new Date(),
  })
  asked.bucket.uploads.delete(asked.query.get('uploadId') ?? '')
  return xml(
    `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CompleteMultipartUploadResult>`,
  )
}

function abandon(asked: Asked): Response {
  uploadOf(asked)
  asked.bucket.uploads.delete(asked.query.get('uploadId') ?? '')
  return new Response(null, { status: 204 })
}

/** The keys in order, or with `?uploads` the uploads in parts that are under way. */
function list(bucket: Bucket, query: URLSearchParams): Response {
  if (query.has('uploads')) {
    const uploads = [...bucket.uploads.values()].map(({ key }) => `<Upload><Key>${key}</Key></Upload>`)
    return xml(`<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>`)
  }
  const after = query.get('continuation-token') ?? ''
  const keys = [...bucket.objects.keys()].filter(key => key.startsWith(query.get('prefix') ?? '')).toSorted()
  const left = keys.filter(key => key > after)
  const page = left.slice(0, PAGE)
  const next = left.length > PAGE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  const contents = page.map(key => `<Contents><Key>${key}</Key></Contents>`).join('')
  return xml(`<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${contents}</ListBucketResult>`)
}

/** A body that is as long, and what, the request says that it is. */
async function receive(request: Request): Promise<Kept> {
  if (/aws-chunked/.test(request.headers.get('content-encoding') ?? '')) throw new Refusal('NotImplemented', 501)
  const bytes = await request.bytes()
  if (bytes.byteLength !== Number(request.headers.get('content-length'))) throw new Refusal('IncompleteBody', 400)
  const sha256 = request.headers.get('x-amz-content-sha256')
  if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== hash('sha256', bytes).toString('hex')) {
    throw new Refusal('XAmzContentSHA256Mismatch', 400)
  }
  return { bytes, etag: `"${hash('md5', bytes).toString('hex')}"`, modified: new Date() }
}

function uploadOf({ bucket, key, query }: Asked): Upload {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '')
  if (upload?.key !== key) throw new Refusal('NoSuchUpload', 404)
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

function refuse({ code, status }: Refusal): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`, { status })
}
