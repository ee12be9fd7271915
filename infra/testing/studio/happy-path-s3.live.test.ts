import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Generation, GenerationPage } from '@darkroom/contracts/generation'
import { Reference } from '@darkroom/contracts/reference'
import sharp from 'sharp'
import { interceptEveryOther, startFaultProxy } from '../s3/fault-proxy.ts'
import { s3ErrorResponse } from '../s3/s3-responses.ts'
import { createS3Env, createTestBucket, startS3Server } from '../s3/s3-server.ts'
import { isFinished } from './studio-client.ts'
import { startTestStudio, type TestStudio } from './test-studio.ts'

const PROMPT = { prompt: 'dunes', model: 'demo', parameters: { numOutputs: 4, resolution: 512 } }

test('stores every object in the bucket and none on disk with S3_ENDPOINT set, although the server fails', async () => {
  await using s3rver = await startS3Server('s3rver')
  await using bucket = await createTestBucket(s3rver.endpoint)
  await using proxy = startFaultProxy(s3rver.endpoint)
  await using studio = await startTestStudio(createS3Env(bucket.options, proxy.endpoint.endpoint))
  const keysOf = () => Array.fromAsync(bucket.store.list(''), ({ key }) => key)

  const references = await uploadReferences(studio, 'crimson', 'teal')
  const first = await studio.submit({ ...PROMPT, referenceImages: references.map(({ id }) => id) })
  const made = [await studio.waitForGeneration(first.id, isFinished)]
  proxy.intercept = interceptEveryOther(async () => s3ErrorResponse(503, 'SlowDown'))
  made.push(await studio.waitForGeneration((await studio.submit(PROMPT)).id, isFinished))

  proxy.intercept = async () => s3ErrorResponse(500, 'InternalError')
  const before = await keysOf()
  const rejected = await postReferences(studio, 'olive')
  expect([rejected.status, rejected.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
  expect((await studio.fetch(made[0]?.outputs[0]?.url ?? '')).status).toBe(503)
  expect(await keysOf()).toEqual(before)
  proxy.intercept = (request, forward) => forward(request)
  references.push(...(await uploadReferences(studio, 'olive')))

  const page = GenerationPage.parse(await (await studio.fetch('/api/generations')).json())
  expect(page.generations.map(({ id }) => id)).toEqual(made.map(({ id }) => id).toReversed())
  const urls = [...made.flatMap(expectStoredUrls), ...references.flatMap(({ url, previewUrl }) => [url, previewUrl])]
  for (const url of urls) await expectServed(studio, url)
  const keys = new Set(await keysOf())
  expect(urls.filter(url => !keys.has(url.slice('/media/'.length)))).toEqual([])
  expect(await listFiles(join(studio.dataDir, 'objects'))).toEqual([])
})

/** Checks that a generation is completed with four stored outputs. @returns the URLs of its images */
function expectStoredUrls({ status, outputs, references }: Generation): string[] {
  expect([status, outputs.map(({ state }) => state)]).toEqual(['completed', Array(4).fill('stored')])
  return [...outputs, ...references].flatMap(({ url, previewUrl }) => [url ?? '', previewUrl ?? ''])
}

/** Checks that an image is served completely, as a range, and by HEAD with its full length. */
async function expectServed(studio: TestStudio, url: string): Promise<void> {
  const whole = await (await studio.fetch(url)).bytes()
  expect((await sharp(whole).metadata()).width).toBeGreaterThan(0)
  const part = await studio.fetch(url, { headers: { range: 'bytes=10-19' } })
  expect([part.status, await part.bytes()]).toEqual([206, whole.subarray(10, 20)])
  const head = await studio.fetch(url, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(whole.byteLength)])
}

async function uploadReferences(studio: TestStudio, ...colours: string[]): Promise<Reference[]> {
  const response = await postReferences(studio, ...colours)
  expect(response.status).toBe(201)
  return Reference.array().parse(await response.json())
}

async function postReferences(studio: TestStudio, ...colours: string[]): Promise<Response> {
  const form = new FormData()
  for (const colour of colours) {
    const image = sharp({ create: { width: 400, height: 300, channels: 3, background: colour } })
    form.append('file', new Blob([await image.png().toBuffer()]), `${colour}.png`)
  }
  return await studio.fetch('/api/references', { method: 'POST', body: form })
}

async function listFiles(path: string): Promise<string[]> {
  return existsSync(path) ? await readdir(path, { recursive: true }) : []
}
