import { expect, test } from 'bun:test'
import { ProblemError } from '@darkroom/infra/http/problem'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import { openS3Store } from '@darkroom/infra/store/s3/s3'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { MAX_LINEAR_GROWTH, measureCpuUntil } from '@darkroom/infra/testing/measure-cpu'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { serveMedia } from './media.ts'

const S3_SETTINGS = { region: 'r', bucket: 'b', accessKeyId: 'key', secretAccessKey: 'secret', forcePathStyle: true }
const KEY = 'w/1/gen/2/1/0.png'
const IMAGE = new TextEncoder().encode('0123456789')
const MODIFIED = new Date('2026-01-01T00:00:00Z')

test('responds to HEAD with the length for a store that returns streams, without reading bytes', async () => {
  const storeCalls: string[] = []
  await using server = serve(streamingStore(storeCalls))
  for (const headers of [{}, { range: 'bytes=2-4' }]) {
    const head = await fetch(server.url, { method: 'HEAD', headers })
    expect([head.status, head.headers.get('content-length'), head.headers.get('content-type')]).toEqual([
      200,
      '10',
      'image/png',
    ])
  }
  expect(storeCalls).toEqual(['head', 'head'])
})

test('hundreds of requests to a store that accepts connections and never answers are refused, and free the connections', async () => {
  let [opened, open] = [0, 0]
  using server = Bun.listen({
    port: 0,
    hostname: '127.0.0.1',
    socket: {
      open: () => {
        opened += 1
        open += 1
      },
      data: () => {},
      close: () => {
        open -= 1
      },
    },
  })
  const store = openS3Store({ ...S3_SETTINGS, endpoint: `http://127.0.0.1:${server.port}` })
  const deps = { store, findPreviewSource, onWaiting, responseMs: 3_000 }
  const codes = await Promise.all(
    Array.from({ length: 400 }, async () => {
      const request = serveMedia(deps, '1', KEY, new Request('http://localhost'))
      return await withDeadline(request, { milliseconds: 60_000, operation: 'a picture' }).catch(({ code }) => code)
    }),
  )
  expect(new Set(codes)).toEqual(new Set(['unavailable']))
  expect(opened).toBeGreaterThan(100)
  await waitFor('the end of the connections', 60_000, async () => open === 0)
})

test('serves an image whole and in ranges from a store that returns streams', async () => {
  await using server = serve(streamingStore([]))
  expect(await (await fetch(server.url)).text()).toBe('0123456789')
  const part = await fetch(server.url, { headers: { range: 'bytes=2-4' } })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
})

test('responds `unavailable` when the store does not respond', async () => {
  const failRequest = async () => {
    throw new StoreError('the object store did not answer in time')
  }
  for (const store of [
    { ...streamingStore([]), head: failRequest },
    { ...streamingStore([]), get: failRequest },
  ]) {
    const refused = await serveMedia(
      { store, findPreviewSource, onWaiting },
      '1',
      KEY,
      new Request('http://localhost'),
    ).catch(error => error)
    expect(refused).toBeInstanceOf(ProblemError)
    expect(refused.code).toBe('unavailable')
  }
})

async function findPreviewSource(): Promise<undefined> {}

function onWaiting(): void {}

test('serves the original, to be revalidated, for a missing preview, and for no other missing key', async () => {
  const [preview, original] = ['w/1/ref/a.w960.webp', 'w/1/ref/a.png']
  const store = streamingStore([])
  const media = {
    store: { ...store, head: async (key: string) => (key === original ? store.head(key) : null) },
    findPreviewSource: async (key: string) => (key === preview ? original : undefined),
    onWaiting,
  }
  const response = await serveMedia(media, '1', preview, new Request('http://localhost'))
  expect([response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
    'image/png',
    'private, no-cache',
  ])
  expect(await response.text()).toBe('0123456789')
  for (const [workspace, key] of [
    ['1', KEY],
    ['2', preview],
  ] as const) {
    const refused = await serveMedia(media, workspace, key, new Request('http://localhost')).catch(error => error)
    expect(refused.code).toBe('not_found')
  }
})

/** Starts a server of one image. */
test('reads a long range of blanks in linear time', async () => {
  const measure = async (length: number) => {
    const request = new Request('http://localhost/', { headers: { range: `bytes=${' '.repeat(length)}x` } })
    return await measureCpuUntil(() =>
      serveMedia({ store: streamingStore([]), findPreviewSource, onWaiting }, '1', KEY, request),
    )
  }
  const before = await measure(10_000)
  expect((await measure(80_000)) / before).toBeLessThan(MAX_LINEAR_GROWTH)
})

function serve(store: Store) {
  const server = Bun.serve({
    port: 0,
    fetch: request => serveMedia({ store, findPreviewSource, onWaiting }, '1', KEY, request),
  })
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop(true) }
}

function streamingStore(calls: string[]): Store {
  const object = { bytes: IMAGE.byteLength, lastModified: MODIFIED }
  const unused = () => {
    throw new Error('not used to serve media')
  }
  return {
    head: async () => {
      calls.push('head')
      return object
    },
    get: async (_key, { range } = {}) => {
      calls.push('get')
      return { object, body: new Blob([IMAGE.subarray(range?.start ?? 0, (range?.end ?? 9) + 1)]).stream() }
    },
    put: unused,
    remove: unused,
    list: unused,
    removeUnfinished: unused,
    ping: unused,
  }
}
