import { afterAll, expect, test } from 'bun:test'
import { ProblemError } from '@darkroom/infra/http/problem'
import { safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { type FetchOptions, fetchReferences } from './fetch-references.ts'
import { createSource } from './reference-source.ts'

const upstream = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: request => {
    const type = new URL(request.url).pathname === '/a.png' ? 'image/png' : 'text/html'
    return new Response('bytes', { headers: { 'content-type': type } })
  },
})
afterAll(() => upstream.stop(true))

const safeGetFromUpstream: typeof safeGet = (url, options) =>
  safeGet(url, { ...options, allowOrigins: [upstream.url.origin] })
const createUrlSource = (path: string, index: number) => ({
  kind: 'url' as const,
  path: `referenceImages.${index}`,
  url: new URL(path, upstream.url).href,
})

function createFetchOptions(reserved: number[] = []): FetchOptions {
  return { reserve: bytes => void reserved.push(bytes), signal: AbortSignal.timeout(60_000), get: safeGetFromUpstream }
}

test('returns the bytes of references sent by URL, in order, and reserves their memory', async () => {
  const bytesSource = createSource('referenceImages.0', new Uint8Array([1]))
  const reserved: number[] = []
  const fetched = await fetchReferences([bytesSource, createUrlSource('/a.png', 1)], createFetchOptions(reserved))
  expect(fetched).toEqual([bytesSource, createSource('referenceImages.1', new TextEncoder().encode('bytes'))])
  expect(reserved).toEqual([5])
})

test('names each reference that cannot be fetched, and reads only images', async () => {
  const sent = [
    createUrlSource('/a.png', 0),
    createUrlSource('/page', 1),
    { ...createUrlSource('/a.png', 2), url: 'https://10.0.0.1/a.png' },
  ]
  const error = await fetchReferences(sent, createFetchOptions()).catch(thrown => thrown)
  expect(error).toBeInstanceOf(ProblemError)
  expect(error.errors.map(({ path }: { path: string }) => path)).toEqual(['referenceImages.1', 'referenceImages.2'])
})
