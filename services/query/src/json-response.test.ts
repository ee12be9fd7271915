import { expect, test } from 'bun:test'
import { createJsonResponse } from './json-response.ts'

const LONG = JSON.stringify(Array.from({ length: 2_000 }, (_, index) => ({ index })))

test('responds 304 to a matching ETag, and with the text to any other', async () => {
  const first = createResponse({}, LONG)
  expect([first.status, await first.text()]).toEqual([200, LONG])
  const etag = first.headers.get('etag') ?? ''
  for (const tags of [etag, `"other", ${etag}`, '*']) {
    const again = createResponse({ 'if-none-match': tags }, LONG)
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
  }
  expect(createResponse({ 'if-none-match': etag }, `${LONG} `).status).toBe(200)
})

test('compresses a long text as the client accepts it, with gzip only for clients on another machine', async () => {
  const cases: [string, string, 'zstd' | 'gzip' | null][] = [
    ['studio.example.com', 'gzip, deflate, br', 'gzip'],
    ['studio.example.com', 'gzip, deflate, br, zstd', 'zstd'],
    ['192.168.1.7:3000', 'br;q=1.0, gzip;q=0.8', 'gzip'],
    ['studio.example.com', 'br', null],
    ['studio.example.com', 'gzip;q=0', null],
    ['studio.example.com', '', null],
    ['localhost:3000', 'gzip', null],
    ['localhost:3000', 'gzip, zstd', 'zstd'],
    ['127.0.0.1:3000', 'gzip', null],
    ['[::1]:3000', 'gzip', null],
  ]
  for (const [host, accepted, encoding] of cases) {
    const response = createResponse({ host, 'accept-encoding': accepted }, LONG)
    expect([host, accepted, response.headers.get('content-encoding')]).toEqual([host, accepted, encoding])
    expect(decode(await response.arrayBuffer(), encoding)).toBe(LONG)
    expect(response.headers.get('vary')).toBe('accept-encoding')
  }
  expect(
    createResponse({ host: 'a.example', 'accept-encoding': 'gzip' }, '{}').headers.get('content-encoding'),
  ).toBeNull()
})

function createResponse(headers: Record<string, string>, text: string): Response {
  return createJsonResponse<Response>(new Request('http://localhost/api/generations', { headers }), text)
}

function decode(bytes: ArrayBuffer, encoding: 'zstd' | 'gzip' | null): string {
  if (encoding === null) return new TextDecoder().decode(bytes)
  return new TextDecoder().decode(encoding === 'zstd' ? Bun.zstdDecompressSync(bytes) : Bun.gunzipSync(bytes))
}
