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

test('compresses a long text for clients on another machine that accept gzip', async () => {
  const cases: [string, string, boolean][] = [
    ['studio.example.com', 'gzip, deflate, br', true],
    ['192.168.1.7:3000', 'br;q=1.0, gzip;q=0.8', true],
    ['studio.example.com', 'GZIP', true],
    ['studio.example.com', 'br', false],
    ['studio.example.com', 'gzip;q=0', false],
    ['studio.example.com', 'gzip;q=0.0, br', false],
    ['studio.example.com', '', false],
    ['localhost:3000', 'gzip', false],
    ['127.0.0.1:3000', 'gzip', false],
    ['[::1]:3000', 'gzip', false],
  ]
  for (const [host, accepted, compressed] of cases) {
    const response = createResponse({ host, 'accept-encoding': accepted }, LONG)
    expect([host, accepted, response.headers.get('content-encoding')]).toEqual([
      host,
      accepted,
      compressed ? 'gzip' : null,
    ])
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(new TextDecoder().decode(compressed ? Bun.gunzipSync(bytes) : bytes)).toBe(LONG)
    expect(response.headers.get('vary')).toBe('accept-encoding')
  }
  expect(
    createResponse({ host: 'a.example', 'accept-encoding': 'gzip' }, '{}').headers.get('content-encoding'),
  ).toBeNull()
})

function createResponse(headers: Record<string, string>, text: string): Response {
  return createJsonResponse<Response>(new Request('http://localhost/api/generations', { headers }), text)
}
