import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { readAll, safeGet } from '../../src/http/safe-get/safe-get.ts'
import { openS3 } from '../../src/store/s3/s3.ts'
import { BUCKET, type Files, SERVER } from '../kit/image-files.ts'

/** Fetches one output and stores it. */
export type Upload = (index: number) => Promise<void>

const DEADLINE_MS = 60_000

/** Uploads all files, so many at once. */
export async function uploadAll({ count }: Files, concurrency: number, upload: Upload): Promise<void> {
  const limit = pLimit(concurrency)
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => upload(index))))
}

/** As the seed has it: the bytes in memory, and the SDK as it comes. */
export function seedUpload(url: string, { name }: Files): Upload {
  const { region, ...credentials } = SERVER
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true })
  return async index => {
    const response = await fetch(`${url}/provider/${name}/${index}`)
    const Body = Buffer.from(await response.arrayBuffer())
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${name}/${index}`, Body, ContentType: 'video/mp4' }))
  }
}

/** By `safeGet` and the s3 store, the bytes in memory. */
export function ourUpload(url: string, files: Files): Upload {
  const limits = { maxBytes: 2 * files.bytes, deadlineMs: DEADLINE_MS, allowOrigins: [url] }
  return storeUpload(url, files, async (address, signal) => {
    return await readAll(await safeGet(address, { ...limits, signal }), signal)
  })
}

/** The same with plain `fetch` in place of `safeGet`. */
export function fetchUpload(url: string, files: Files): Upload {
  return storeUpload(url, files, async (address, signal) => {
    return new Uint8Array(await (await fetch(address, { signal })).arrayBuffer())
  })
}

/** What the bytes and the check cost anyone, in memory: unsigned, the MD5 compared. */
export function plainUpload(url: string, { name }: Files): Upload {
  return async index => {
    const body = await (await fetch(`${url}/provider/${name}/${index}`)).arrayBuffer()
    const answer = fetch(`${url}/floor/${name}/${index}`, { method: 'PUT', body })
    const md5 = new Bun.CryptoHasher('md5').update(body).digest('hex')
    requireEtag(await answer, md5)
  }
}

/** The same piece by piece. */
export function plainStream(url: string, { name, bytes }: Files): Upload {
  return async index => {
    const { body } = await fetch(`${url}/provider/${name}/${index}`)
    const hash = new Bun.CryptoHasher('md5')
    const look = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        hash.update(chunk)
        controller.enqueue(chunk)
      },
    })
    const answer = await fetch(`${url}/floor/${name}/${index}`, {
      method: 'PUT',
      headers: { 'content-length': String(bytes) },
      body: body?.pipeThrough(look) ?? null,
    })
    requireEtag(answer, hash.digest('hex'))
  }
}

function storeUpload(
  url: string,
  { name }: Files,
  get: (address: string, signal: AbortSignal) => Promise<Uint8Array>,
): Upload {
  const store = openS3({ ...SERVER, endpoint: url, bucket: BUCKET, forcePathStyle: true })
  return async index => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    await store.put(`${name}/${index}`, await get(`${url}/provider/${name}/${index}`, signal), { signal })
  }
}

function requireEtag(answer: Response, md5: string): void {
  if (answer.headers.get('etag') !== `"${md5}"`) throw new Error('the store has something else')
}
