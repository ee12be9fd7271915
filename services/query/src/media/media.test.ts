import { expect, test } from 'bun:test'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { serveMedia } from './media.ts'

const KEY = 'w/1/gen/2/1/0.png'
const PICTURE = new TextEncoder().encode('0123456789')
const MODIFIED = new Date('2026-01-01T00:00:00Z')

test('of a store that gives streams HEAD still tells the length, and asks for no bytes', async () => {
  const asked: string[] = []
  await using server = serve(streamingStore(asked))
  for (const headers of [{}, { range: 'bytes=2-4' }]) {
    const head = await fetch(server.url, { method: 'HEAD', headers })
    expect([head.status, head.headers.get('content-length'), head.headers.get('content-type')]).toEqual([
      200,
      '10',
      'image/png',
    ])
  }
  expect(asked).toEqual(['head', 'head'])
})

test('of a store that gives streams a picture is served whole and in ranges', async () => {
  await using server = serve(streamingStore([]))
  expect(await (await fetch(server.url)).text()).toBe('0123456789')
  const part = await fetch(server.url, { headers: { range: 'bytes=2-4' } })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
})

test('a store that does not answer is no fault of the studio, and worth another try', async () => {
  const away = async () => {
    throw new StoreError('the object store did not answer in time')
  }
  for (const store of [
    { ...streamingStore([]), head: away },
    { ...streamingStore([]), get: away },
  ]) {
    const refused = await serveMedia({ store, findPreviewSource }, '1', KEY, new Request('http://localhost')).catch(
      error => error,
    )
    expect(refused).toBeInstanceOf(ProblemError)
    expect(refused.code).toBe('unavailable')
  }
})

async function findPreviewSource(): Promise<undefined> {}

test('a reference without a preview is shown as it is, and is asked for again; nothing else stands in for anything', async () => {
  const [preview, original] = ['w/1/ref/a.w960.webp', 'w/1/ref/a.png']
  const kept = streamingStore([])
  const media = {
    store: { ...kept, head: async (key: string) => (key === original ? kept.head(key) : null) },
    findPreviewSource: async (key: string) => (key === preview ? original : undefined),
  }
  const answer = await serveMedia(media, '1', preview, new Request('http://localhost'))
  expect([answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
    'image/png',
    'private, no-cache',
  ])
  expect(await answer.text()).toBe('0123456789')
  for (const [workspace, key] of [
    ['1', KEY],
    ['2', preview],
  ] as const) {
    const refused = await serveMedia(media, workspace, key, new Request('http://localhost')).catch(error => error)
    expect(refused.code).toBe('not_found')
  }
})

/** A server of one picture, on a port of its own. */
function serve(store: Store) {
  const server = Bun.serve({ port: 0, fetch: request => serveMedia({ store, findPreviewSource }, '1', KEY, request) })
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop(true) }
}

function streamingStore(asked: string[]): Store {
  const object = { bytes: PICTURE.byteLength, lastModified: MODIFIED }
  const unused = () => {
    throw new Error('not for looking at pictures')
  }
  return {
    head: async () => {
      asked.push('head')
      return object
    },
    get: async (_key, { range } = {}) => {
      asked.push('get')
      return { object, body: new Blob([PICTURE.subarray(range?.start ?? 0, (range?.end ?? 9) + 1)]).stream() }
    },
    put: unused,
    remove: unused,
    list: unused,
    ping: unused,
  }
}
