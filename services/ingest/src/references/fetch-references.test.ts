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
const address = (path: string, index: number) => ({
  kind: 'address' as const,
  path: `referenceImages.${index}`,
  url: new URL(path, upstream.url).href,
})

function createFetchOptions(reserved: number[] = []): FetchOptions {
  return { reserve: bytes => void reserved.push(bytes), signal: AbortSignal.timeout(5_000), get: safeGetFromUpstream }
}

test('what was sent by address comes as bytes, in its place, with its memory asked for', async () => {
  const given = createSource('referenceImages.0', new Uint8Array([1]))
  const reserved: number[] = []
  const fetched = await fetchReferences([given, address('/a.png', 1)], createFetchOptions(reserved))
  expect(fetched).toEqual([given, createSource('referenceImages.1', new TextEncoder().encode('bytes'))])
  expect(reserved).toEqual([5])
})

test('each that cannot be had is named, and nothing that is no picture is read', async () => {
  const sent = [address('/a.png', 0), address('/page', 1), { ...address('/a.png', 2), url: 'https://10.0.0.1/a.png' }]
  const refused = await fetchReferences(sent, createFetchOptions()).catch(error => error)
  expect(refused).toBeInstanceOf(ProblemError)
  expect(refused.errors.map(({ path }: { path: string }) => path)).toEqual(['referenceImages.1', 'referenceImages.2'])
})
