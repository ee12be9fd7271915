import { readVerifiedObject, type StoredObject } from './object-body.ts'
import { S3Error, toErrorResponse, xmlResponse } from './s3-responses.ts'
import { type Credentials, verifySignature } from './signature.ts'

export interface S3HandlerOptions {
  /** Credentials that every request must be signed with. Without them no signature is checked. */
  credentials?: Credentials
  /** Buckets that exist from the start. */
  buckets?: readonly string[]
  /** Time between the end of a request and its response, in ms. */
  delayMs?: number
  /** Reads the object that a PUT brings. Length and hash are checked unless another reader is given. */
  readObject?: (request: Request) => Promise<StoredObject>
}

export type S3Handler = (request: Request) => Promise<Response>

interface Upload {
  key: string
  initiated: Date
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
  readObject: (request: Request) => Promise<StoredObject>
}

const MIN_PART_BYTES = 5 * 1024 * 1024
const PAGE_SIZE = 1_000

const OPERATIONS: [
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

/**
 * Creates an S3 server in memory, as the `fetch` of a `Bun.serve`. It is strict where s3rver is not: it checks every signature and
 * every hash, stores an object whole or not at all, lists in order and page by page, and discards a multipart upload when it is
 * aborted.
 */
export function createS3Handler(options: S3HandlerOptions = {}): S3Handler {
  const { buckets = [], delayMs = 0 } = options
  const contents = new Map(buckets.map(name => [name, createBucket()]))
  return async request => {
    const response = await handleRequest(contents, options, request).catch(toErrorResponse)
    if (delayMs > 0) await Bun.sleep(delayMs)
    return response
  }
}

async function handleRequest(
  buckets: Map<string, Bucket>,
  { credentials, readObject = readVerifiedObject }: S3HandlerOptions,
  request: Request,
): Promise<Response> {
  const errorCode = credentials ? verifySignature(request, credentials) : null
  if (errorCode) throw new S3Error(errorCode, 403)
  const { pathname, searchParams } = new URL(request.url)
  const [, name = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? []
  if (key === '' && request.method === 'PUT') buckets.set(name, createBucket())
  const bucket = buckets.get(name)
  if (!bucket) throw new S3Error('NoSuchBucket', 404)
  if (key === '' && request.method === 'DELETE') buckets.delete(name)
  if (key === '') return request.method === 'GET' ? listObjects(bucket, searchParams) : new Response()
  const operation = OPERATIONS.find(([method, has]) => method === request.method && (!has || searchParams.has(has)))
  if (!operation) throw new S3Error('MethodNotAllowed', 405)
  return await operation[2]({ request, bucket, key, query: searchParams, readObject })
}

function createBucket(): Bucket {
  return { objects: new Map(), uploads: new Map() }
}

async function putObject({ request, bucket, key, readObject }: RequestContext): Promise<Response> {
  const object = await readObject(request)
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
  bucket.uploads.set(id, { key, initiated: new Date(), parts: new Map() })
  return xmlResponse(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
}

async function uploadPart(context: RequestContext): Promise<Response> {
  const object = await context.readObject(context.request)
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
  const etag = `"${new Bun.CryptoHasher('md5').update(digests).digest('hex')}-${parts.length}"`
  context.bucket.objects.set(context.key, {
    bytes: Buffer.concat(parts.map(part => part.bytes)),
    etag,
    modified: new Date(),
  })
  context.bucket.uploads.delete(context.query.get('uploadId') ?? '')
  return xmlResponse(
    `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CompleteMultipartUploadResult>`,
  )
}

function abortMultipartUpload(context: RequestContext): Response {
  findUpload(context)
  context.bucket.uploads.delete(context.query.get('uploadId') ?? '')
  return new Response(null, { status: 204 })
}

/** Lists the keys in order, or with `?uploads` the multipart uploads in progress. */
function listObjects(bucket: Bucket, query: URLSearchParams): Response {
  if (query.has('uploads')) {
    const uploads = [...bucket.uploads].map(
      ([id, { key, initiated }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
    )
    return xmlResponse(`<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>`)
  }
  const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
  const keys = [...bucket.objects.keys()].filter(key => key.startsWith(query.get('prefix') ?? ''))
  const left = keys.filter(key => key > after).toSorted()
  const page = left.slice(0, PAGE_SIZE)
  const next = left.length > PAGE_SIZE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  const contents = page.map(key => toContents(key, bucket.objects.get(key))).join('')
  return xmlResponse(`<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${contents}</ListBucketResult>`)
}

function toContents(key: string, object: StoredObject | undefined): string {
  const modified = object?.modified.toISOString()
  return `<Contents><Key>${key}</Key><Size>${object?.bytes.byteLength}</Size><LastModified>${modified}</LastModified></Contents>`
}

function findUpload({ bucket, key, query }: RequestContext): Upload {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '')
  if (upload?.key !== key) throw new S3Error('NoSuchUpload', 404)
  return upload
}
