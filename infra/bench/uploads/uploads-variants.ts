import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { readAll, safeGet } from '../../src/http/safe-get/safe-get.ts'
import { openS3Store } from '../../src/store/s3/s3.ts'
import { BUCKET, type FileSet, S3_SETTINGS } from '../kit/image-files.ts'

/** Fetches one output and stores it. */
export type Upload = (index: number) => Promise<void>

const DEADLINE_MS = 60_000

/** Uploads all files, `concurrency` at once. */
export async function uploadAll({ count }: FileSet, concurrency: number, upload: Upload): Promise<void> {
  const limit = pLimit(concurrency)
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => upload(index))))
}

/** Creates the seed's upload: the bytes in memory, the SDK with its defaults. */
export function createSeedUpload(url: string, { name }: FileSet): Upload {
  const { region, ...credentials } = S3_SETTINGS
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true })
  return async index => {
    const response = await fetch(`${url}/provider/${name}/${index}`)
    const Body = Buffer.from(await response.arrayBuffer())
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${name}/${index}`, Body, ContentType: 'video/mp4' }))
  }
}

/** Creates the upload by `safeGet` and the S3 store, the bytes in memory. */
export function createSafeGetUpload(url: string, files: FileSet): Upload {
  const limits = { maxBytes: 2 * files.bytes, deadlineMs: DEADLINE_MS, allowOrigins: [url] }
  return createStoreUpload(url, files, async (source, signal) => {
    return await readAll(await safeGet(source, { ...limits, signal }), signal)
  })
}

/** Creates the upload by plain `fetch` and the S3 store, the bytes in memory. */
export function createFetchUpload(url: string, files: FileSet): Upload {
  return createStoreUpload(url, files, async (source, signal) => {
    return new Uint8Array(await (await fetch(source, { signal })).arrayBuffer())
  })
}

/** Creates the lower bound, in memory: an unsigned PUT whose MD5 is compared. */
export function createPlainUpload(url: string, { name }: FileSet): Upload {
  return async index => {
    const body = await (await fetch(`${url}/provider/${name}/${index}`)).arrayBuffer()
    const response = fetch(`${url}/floor/${name}/${index}`, { method: 'PUT', body })
    const md5 = new Bun.CryptoHasher('md5').update(body).digest('hex')
    assertEtag(await response, md5)
  }
}

/** Creates the lower bound as a stream: an unsigned PUT of the download's chunks, whose MD5 is compared. */
export function createStreamUpload(url: string, { name, bytes }: FileSet): Upload {
  return async index => {
    const { body } = await fetch(`${url}/provider/${name}/${index}`)
    const hash = new Bun.CryptoHasher('md5')
    const hashStream = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        hash.update(chunk)
        controller.enqueue(chunk)
      },
    })
    const response = await fetch(`${url}/floor/${name}/${index}`, {
      method: 'PUT',
      headers: { 'content-length': String(bytes) },
      body: body?.pipeThrough(hashStream) ?? null,
    })
    assertEtag(response, hash.digest('hex'))
  }
}

/**
 * Creates the lower bound of the work that is checked: to a file, both hashes on the way, an unsigned PUT of the file, whose MD5 is
 * compared.
 */
export function createFileUpload(url: string, { name, bytes }: FileSet): Upload {
  return async index => {
    const path = join(tmpdir(), `darkroom-uploads-${process.pid}-${index}`)
    const { body } = await fetch(`${url}/provider/${name}/${index}`)
    const [sha256, md5] = [new Bun.CryptoHasher('sha256'), new Bun.CryptoHasher('md5')]
    const file = await open(path, 'w')
    for await (const chunk of body ?? []) {
      sha256.update(chunk)
      md5.update(chunk)
      await file.write(chunk)
    }
    await file.close()
    const response = await fetch(`${url}/floor/${name}/${index}`, {
      method: 'PUT',
      headers: { 'content-length': String(bytes), 'x-amz-content-sha256': sha256.digest('hex') },
      body: Bun.file(path).stream(),
    })
    await rm(path)
    assertEtag(response, md5.digest('hex'))
  }
}

function createStoreUpload(
  url: string,
  { name }: FileSet,
  get: (source: string, signal: AbortSignal) => Promise<Uint8Array>,
): Upload {
  const store = openS3Store({ ...S3_SETTINGS, endpoint: url, bucket: BUCKET, forcePathStyle: true })
  return async index => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    await store.put(`${name}/${index}`, await get(`${url}/provider/${name}/${index}`, signal), { signal })
  }
}

function assertEtag(response: Response, md5: string): void {
  if (response.headers.get('etag') !== `"${md5}"`)
    throw new Error(`the store answered with another ETag than MD5 ${md5}`)
}
