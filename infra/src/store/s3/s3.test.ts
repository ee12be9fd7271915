import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { findFreePort } from '../../../local/process/free-ports.ts'
import { startRawServer } from '../../../testing/s3/raw-server.ts'
import { createStream } from '../../../testing/store/streams.ts'
import { RETRY_POLICIES } from '../../runtime/retry-policies.ts'
import { StoreError } from '../store.ts'
import { PART_BYTES, splitIntoParts } from './parts.ts'
import { openS3Store } from './s3.ts'

const neverAborted = new AbortController().signal
const FAST_LIMITS = {
  tryTimeoutMs: 60,
  idleTimeoutMs: 60,
  minBytesPerMs: 1_000_000,
  retryPolicy: { ...RETRY_POLICIES.storeRequest, baseMs: 1, maxMs: 2 },
}
/** For a server that answers, on a machine that is busy. */
const ANSWERED_LIMITS = { ...FAST_LIMITS, tryTimeoutMs: 60_000, idleTimeoutMs: 60_000 }
/** For one that answers and falls silent. */
const SILENT_LIMITS = { ...ANSWERED_LIMITS, idleTimeoutMs: 60 }
const OK = 'HTTP/1.1 200 OK\r\netag: "x"\r\n'

for (const [name, body, then] of [
  ['that is cut off', 'content-length: 10\r\n\r\nabc', 'close'],
  ['that stalls', 'content-length: 10\r\n\r\nabc', 'silence'],
  ['that has no bytes', 'content-length: 10\r\n\r\n', 'close'],
] as const) {
  test(`a body ${name} fails its reader`, async () => {
    await using server = startRawServer(OK + body, then)
    const limits = then === 'silence' ? SILENT_LIMITS : ANSWERED_LIMITS
    const stored = await openS3Store({ ...server.endpoint, bucket: 'b', limits }).get('a')
    expect(stored?.object.bytes).toBe(10)
    await expect(new Response(stored?.body).bytes()).rejects.toThrow('broke off in the middle')
  })
}

test('a range of another length than requested fails its reader', async () => {
  const response = 'HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-2/10\r\ncontent-length: 3\r\n\r\nabc'
  await using server = startRawServer(response, 'close')
  const store = openS3Store({ ...server.endpoint, bucket: 'b', limits: ANSWERED_LIMITS })
  expect(await new Response((await store.get('a', { range: { start: 0, end: 2 } }))?.body).text()).toBe('abc')
  for (const range of [
    { start: 0, end: 1 },
    { start: 0, end: 3 },
  ]) {
    const stored = await store.get('a', { range })
    await expect(new Response(stored?.body).bytes()).rejects.toThrow('another number of bytes')
  }
})

test('rejects a response without a length', async () => {
  await using server = startRawServer(`${OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, 'close')
  await expect(openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS }).get('a')).rejects.toThrow(
    StoreError,
  )
})

test('cancelling the body closes the connection', async () => {
  await using server = startRawServer(`${OK}content-length: 1000000\r\n\r\nabc`, 'silence')
  const stored = await openS3Store({ ...server.endpoint, bucket: 'b', limits: ANSWERED_LIMITS }).get('a')
  const reader = new Response(stored?.body).body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await server.closed
})

test('follows no redirect, since a signature is meant for one server', async () => {
  await using elsewhere = startRawServer(`${OK}content-length: 3\r\n\r\nabc`, 'close')
  const location = `location: ${elsewhere.endpoint.endpoint}/b/a\r\ncontent-length: 0\r\n\r\n`
  await using server = startRawServer(`HTTP/1.1 307 Temporary Redirect\r\n${location}`, 'close')
  await expect(openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS }).get('a')).rejects.toThrow(
    StoreError,
  )
})

test('a put has no checksum, framing or trailer that only some servers support', async () => {
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

test('a response that is not S3 is a StoreError', async () => {
  for (const response of [
    'hello\r\n\r\n',
    'HTTP/1.1 500 \r\ncontent-length: 6\r\n\r\n<html>',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n<a',
  ]) {
    await using server = startRawServer(response, 'close')
    const store = openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS })
    await expect(Array.fromAsync(store.list(''))).rejects.toThrow(StoreError)
    await expect(store.put('a', new Uint8Array(3), { signal: neverAborted })).rejects.toThrow(StoreError)
  }
})

for (const [name, open] of [
  ['accepts requests and never responds', async () => startRawServer('', 'silence')],
  ['is not running', async () => ({ endpoint: await reserveUnusedEndpoint(), [Symbol.asyncDispose]: async () => {} })],
] as const) {
  test(`a server that ${name} fails every operation in time`, async () => {
    await using server = await open()
    const store = openS3Store({ ...server.endpoint, bucket: 'b', limits: FAST_LIMITS })
    const body = new Uint8Array(30_000_000)
    const operations = [
      store.put('a', new Uint8Array(10), { signal: neverAborted }),
      store.put('a', body, { signal: neverAborted }),
      store.put('a', new Blob([body]).stream(), { signal: neverAborted }),
      store.get('a'),
      store.head('a'),
      store.remove('a'),
      Array.fromAsync(store.list('')),
      store.ping(),
    ]
    for (const outcome of await Promise.allSettled(operations)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) })
    }
  })
}

test('cuts a stream into full parts and a last one with the remaining bytes', async () => {
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

/** Returns the sizes of the full parts and of the last one. No bytes are one empty part. */
function expectedPartSizes(bytes: number): number[] {
  const full = Array<number>(Math.floor(bytes / PART_BYTES)).fill(PART_BYTES)
  return bytes % PART_BYTES > 0 || bytes === 0 ? [...full, bytes % PART_BYTES] : full
}

async function reserveUnusedEndpoint() {
  await using server = startRawServer('', 'close')
  return { ...server.endpoint, endpoint: `http://127.0.0.1:${await findFreePort()}` }
}
