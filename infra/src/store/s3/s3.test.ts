import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { findFreePort } from '../../../local/process/free-ports.ts'
import { startRawServer } from '../../../testing/s3/s3-server.ts'
import { createStream } from '../../../testing/store/streams.ts'
import { StoreError } from '../store.ts'
import { PART_BYTES, splitIntoParts } from './parts.ts'
import { openS3Store } from './s3.ts'

const neverAborted = new AbortController().signal
const FAST_LIMITS = {
  tryTimeoutMs: 60,
  idleTimeoutMs: 60,
  minBytesPerMs: 1_000_000,
  backoffOptions: { base: 1, most: 2 },
}
const OK = 'HTTP/1.1 200 OK\r\netag: "x"\r\n'

for (const [what, body, then] of [
  ['is cut off', 'content-length: 10\r\n\r\nabc', 'close'],
  ['falls silent', 'content-length: 10\r\n\r\nabc', 'silence'],
  ['has nothing but a promise', 'content-length: 10\r\n\r\n', 'close'],
] as const) {
  test(`a body that ${what} in the middle is an error to whoever reads it`, async () => {
    await using server = startRawServer(OK + body, then)
    const found = await openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS }).get('a')
    expect(found?.object.bytes).toBe(10)
    await expect(new Response(found?.body).bytes()).rejects.toThrow('broke off in the middle')
  })
}

test('a part of another length than was asked for is an error to whoever reads it', async () => {
  const answer = 'HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-2/10\r\ncontent-length: 3\r\n\r\nabc'
  await using server = startRawServer(answer, 'close')
  const store = openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS })
  expect(await new Response((await store.get('a', { range: { start: 0, end: 2 } }))?.body).text()).toBe('abc')
  for (const range of [
    { start: 0, end: 1 },
    { start: 0, end: 3 },
  ]) {
    const found = await store.get('a', { range })
    await expect(new Response(found?.body).bytes()).rejects.toThrow('another number of bytes')
  }
})

test('an answer that does not say how long it is is not taken for an object', async () => {
  await using server = startRawServer(`${OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, 'close')
  await expect(openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS }).get('a')).rejects.toThrow(
    StoreError,
  )
})

test('who stops reading hangs up', async () => {
  await using server = startRawServer(`${OK}content-length: 1000000\r\n\r\nabc`, 'silence')
  const found = await openS3Store({
    ...server.endpoint,
    bucket: 'b',
    limits: { ...FAST_LIMITS, idleTimeoutMs: 60_000 },
  }).get('a')
  const reader = new Response(found?.body).body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await server.closed
})

test('a redirect is not followed: what was signed is for one server', async () => {
  await using elsewhere = startRawServer(`${OK}content-length: 3\r\n\r\nabc`, 'close')
  const location = `location: ${elsewhere.endpoint.endpoint}/b/a\r\ncontent-length: 0\r\n\r\n`
  await using server = startRawServer(`HTTP/1.1 307 Temporary Redirect\r\n${location}`, 'close')
  await expect(openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS }).get('a')).rejects.toThrow(
    StoreError,
  )
})

test('a put is plain: no checksum, framing or trailer that only some servers know', async () => {
  const names: string[] = []
  await using stack = new AsyncDisposableStack()
  const fetch = (request: Request) => {
    names.push(...request.headers.keys())
    return new Response(null, { headers: { etag: '"900150983cd24fb0d6963f7d28e17f72"' } })
  }
  const server = stack.adopt(Bun.serve({ port: 0, fetch }), server => server.stop(true))
  const keys = { accessKeyId: 'a', secretAccessKey: 'b' }
  const store = openS3Store({ ...keys, endpoint: server.url.origin, region: 'r', bucket: 'b', forcePathStyle: true })
  await store.put('a', new TextEncoder().encode('abc'), { signal: neverAborted })
  expect(names).toContain('authorization')
  expect(names.filter(name => /checksum|encoding$|trailer|decoded/.test(name) && name !== 'accept-encoding')).toEqual(
    [],
  )
})

test('what is no answer of S3 is an error, and nothing else', async () => {
  for (const answer of [
    'hello\r\n\r\n',
    'HTTP/1.1 500 \r\ncontent-length: 6\r\n\r\n<html>',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n<a',
  ]) {
    await using server = startRawServer(answer, 'close')
    const store = openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS })
    await expect(Array.fromAsync(store.list(''))).rejects.toThrow(StoreError)
    await expect(store.put('a', new Uint8Array(3), { signal: neverAborted })).rejects.toThrow(StoreError)
  }
})

for (const [what, open] of [
  ['takes everything and says nothing', async () => startRawServer('', 'silence')],
  ['is not there', async () => ({ endpoint: await reserveUnusedEndpoint(), [Symbol.asyncDispose]: async () => {} })],
] as const) {
  test(`a server that ${what} is waited for no longer than it may`, async () => {
    await using server = await open()
    const store = openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS })
    const body = new Uint8Array(30_000_000)
    const uses = [
      store.put('a', new Uint8Array(10), { signal: neverAborted }),
      store.put('a', body, { signal: neverAborted }),
      store.put('a', new Blob([body]).stream(), { signal: neverAborted }),
      store.get('a'),
      store.head('a'),
      store.remove('a'),
      Array.fromAsync(store.list('')),
      store.ping(),
    ]
    for (const use of await Promise.allSettled(uses)) {
      expect(use).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) })
    }
  }, 5_000)
}

test('a stream is cut into parts that are full but for the last, and nothing is lost', async () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 2 * PART_BYTES })), {
    maxLength: 6,
  })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(sizes, fc.constant([PART_BYTES]), fc.constant([PART_BYTES, 0, PART_BYTES])),
      async sizes => {
        const chunks = sizes.map((size, at) => new Uint8Array(size).fill(at + 1))
        const parts = await Array.fromAsync(splitIntoParts(createStream(chunks), neverAborted))
        const all = Buffer.concat(chunks)
        expect(Buffer.concat(parts).equals(all)).toBe(true)
        expect(parts.map(part => part.byteLength)).toEqual(expectedPartSizes(all.byteLength))
      },
    ),
    { numRuns: 40 },
  )
})

/** Full parts, then what is left; nothing is one part, too. */
function expectedPartSizes(bytes: number): number[] {
  const full = Array<number>(Math.floor(bytes / PART_BYTES)).fill(PART_BYTES)
  return bytes % PART_BYTES > 0 || bytes === 0 ? [...full, bytes % PART_BYTES] : full
}

async function reserveUnusedEndpoint() {
  await using server = startRawServer('', 'close')
  return { ...server.endpoint, endpoint: `http://127.0.0.1:${await findFreePort()}` }
}
