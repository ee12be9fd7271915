import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { createTestDirectory, type TestDirectory } from '@darkroom/infra/testing/test-resources'
import { loadUi, serveUi, type Ui } from './ui.ts'

const SCRIPT = 'export const x = 1\n'.repeat(200)
const PAGE = '<!doctype html><script src="/assets/a-1.js"></script>'
let directory: TestDirectory
let ui: Ui

beforeAll(async () => {
  directory = await createTestDirectory()
  const files = {
    'index.html': PAGE,
    'index.html.gz': Bun.gzipSync(PAGE),
    'openapi.html': PAGE,
    'assets/a-1.js': SCRIPT,
    'assets/a-1.js.br': brotliCompressSync(SCRIPT),
    'assets/a-1.js.gz': Bun.gzipSync(SCRIPT),
    'assets/a-1.js.map': '{}',
    'assets/font-1.woff2': 'bytes',
    'site.webmanifest': '{}',
  }
  await Promise.all(Object.entries(files).map(([name, content]) => Bun.write(join(directory.path, name), content)))
  ui = await loadUi(directory.path, { 'cross-origin-opener-policy': 'same-origin' })
})
afterAll(() => directory[Symbol.asyncDispose]())

test('has the headers of documents for its page alone', () => {
  const policyOf = (path: string) => serve(path)?.headers.get('cross-origin-opener-policy')
  expect([policyOf('/'), policyOf('/assets/a-1.js')]).toEqual(['same-origin', null])
})

test('serves each file in the smallest coding that the client accepts, with its length', async () => {
  const cases = [
    ['gzip, deflate, br, zstd', 'br', brotliCompressSync(SCRIPT)],
    ['gzip, deflate', 'gzip', Bun.gzipSync(SCRIPT)],
    ['br;q=0.1, gzip', 'gzip', Bun.gzipSync(SCRIPT)],
    ['', null, Buffer.from(SCRIPT)],
  ] as const
  for (const [accepted, encoding, content] of cases) {
    const response = serve('/assets/a-1.js', { 'accept-encoding': accepted })
    expect([accepted, response?.headers.get('content-encoding')]).toEqual([accepted, encoding])
    expect(response?.headers.get('content-length')).toBe(`${content.byteLength}`)
    expect(response?.headers.get('vary')).toBe('accept-encoding')
    expect(response?.headers.get('content-type')).toStartWith('text/javascript')
    expect(Buffer.from((await response?.bytes()) ?? []).equals(content)).toBe(true)
  }
})

test('serves its pages by the paths that people open', async () => {
  for (const path of ['/', '/index.html', '/openapi', '/openapi.html']) {
    const response = serve(path)
    expect([path, response?.headers.get('content-type'), await response?.text()]).toEqual([
      path,
      'text/html;charset=utf-8',
      PAGE,
    ])
    expect(response?.headers.get('content-security-policy')).toContain("default-src 'self'")
  }
})

test('serves a file without compressed copies as it is, for every client alike', async () => {
  const response = serve('/assets/font-1.woff2', { 'accept-encoding': 'br, gzip' })
  expect([response?.headers.get('content-encoding'), response?.headers.get('vary')]).toEqual([null, null])
  expect(await response?.text()).toBe('bytes')
  expect(serve('/site.webmanifest')?.headers.get('content-type')).toBe('application/manifest+json')
})

test('has the document revalidated, and an asset stored for ever', () => {
  const page = serve('/')
  const etag = page?.headers.get('etag') ?? ''
  expect([page?.status, page?.headers.get('cache-control')]).toEqual([200, 'no-cache'])
  const again = serve('/index.html', { 'if-none-match': etag, 'accept-encoding': 'gzip' })
  expect([again?.status, again?.headers.get('etag'), again?.headers.get('vary')]).toEqual([
    304,
    etag,
    'accept-encoding',
  ])
  expect(serve('/', { 'if-none-match': 'W/"other"' })?.status).toBe(200)
  expect(serve('/assets/a-1.js')?.headers.get('cache-control')).toContain('immutable')
})

test('answers HEAD as GET, without a body', async () => {
  const headers = { 'accept-encoding': 'br' }
  const [head, get] = [serve('/assets/a-1.js', headers, 'HEAD'), serve('/assets/a-1.js', headers)]
  expect(await head?.text()).toBe('')
  expect(Object.fromEntries(head?.headers ?? [])).toEqual(Object.fromEntries(get?.headers ?? []))
})

test('has no address for compressed copies and source maps', () => {
  for (const path of ['/assets/a-1.js.br', '/assets/a-1.js.gz', '/assets/a-1.js.map', '/index.html.gz', '/nothing'])
    expect(serve(path)).toBeUndefined()
})

function serve(path: string, headers: Record<string, string> = {}, method = 'GET'): Response | undefined {
  return serveUi(ui, new Request(`http://localhost${path}`, { headers, method }))
}
