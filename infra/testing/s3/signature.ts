import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/** The `Authorization` header of a signed request. */
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<accessKeyId>[^/]+)\/(?<scope>(?<day>\d{8})\/(?<region>[^/]+)\/s3\/aws4_request), ?SignedHeaders=(?<headers>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$/
const MAX_SKEW_MS = 900_000

/**
 * Verifies the signature (SigV4) of a request. The hash of the body is signed as the request claims it; the body is not read.
 * Written from the specification alone, because a check by the driver's own signing code would prove nothing.
 *
 * @returns the code of S3's refusal, or null if the signature is valid
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function verifySignature(request: Request, credentials: Credentials): string | null {
  const authorization = AUTHORIZATION.exec(request.headers.get('authorization') ?? '')?.groups
  if (!authorization) return 'AccessDenied'
  if (authorization.accessKeyId !== credentials.accessKeyId) return 'InvalidAccessKeyId'
  const { scope = '', day = '', region = '', headers = '', signature = '' } = authorization
  const date = request.headers.get('x-amz-date') ?? ''
  if (!date.startsWith(day) || Math.abs(Date.now() - parseAmzDate(date)) > MAX_SKEW_MS) return 'RequestTimeTooSkewed'
  if (!['host', 'x-amz-date', 'x-amz-content-sha256'].every(name => headers.split(';').includes(name)))
    return 'AccessDenied'
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(buildCanonicalRequest(request, headers))].join('\n')
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`)
  return timingSafeEqual(hmac(key, text), Buffer.from(signature, 'hex')) ? null : 'SignatureDoesNotMatch'
}

function buildCanonicalRequest(request: Request, signedHeaders: string): string {
  const url = new URL(request.url)
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).toSorted()
  const headers = signedHeaders.split(';').map(name => `${name}:${(request.headers.get(name) ?? '').trim()}\n`)
  const payload = request.headers.get('x-amz-content-sha256') ?? ''
  return [request.method, url.pathname, query.join('&'), headers.join(''), signedHeaders, payload].join('\n')
}

function parseAmzDate(date: string): number {
  return Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
