import { afterAll, expect, test } from 'bun:test'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import {
  type FaultProxy,
  interceptEveryOther,
  type ProxiedRequest,
  type RequestInterceptor,
  startFaultProxy,
  withBody,
} from '../../../testing/s3/fault-proxy.ts'
import { s3ErrorResponse } from '../../../testing/s3/s3-responses.ts'
import { createTestBucket, type S3Endpoint, startS3Server } from '../../../testing/s3/s3-server.ts'
import { createEndlessStream, createRandomBytes, createStream, createTestFile } from '../../../testing/store/streams.ts'
import { listKeys } from '../../../testing/store/test-store.ts'
import { StoreError } from '../store.ts'
import { openBucket } from './bucket.ts'
import { PART_BYTES } from './parts.ts'
import { openS3Store } from './s3.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const strict = servers.use(await startS3Server('strict')).endpoint
const s3rver = servers.use(await startS3Server('s3rver')).endpoint
const neverAborted = new AbortController().signal
const MIB = 1024 * 1024

const RETRYABLE_RESPONSES: [status: number, code: string][] = [
  [500, 'InternalError'],
  [502, 'Unknown'],
  [503, 'SlowDown'],
  [429, 'TooManyRequests'],
  [400, 'RequestTimeout'],
  [403, 'RequestTimeTooSkewed'],
]

for (const [status, code] of RETRYABLE_RESPONSES) {
  test(`retries every operation after ${status} ${code}`, async () => {
    await using faulty = await openFaultyStore(strict)
    const { store, proxy } = faulty
    const body = createRandomBytes(2_000)
    // The response to a HEAD request has no body, so it cannot carry the code.
    const carriesCode = ({ method }: ProxiedRequest) => status >= 429 || method !== 'HEAD'
    proxy.intercept = interceptEveryOther(async (request, forward) =>
      carriesCode(request) ? s3ErrorResponse(status, code) : await forward(request),
    )
    await store.put('a/1', body, { signal: neverAborted })
    await store.put('a/2', createStream([body]), { signal: neverAborted })
    await store.put('a/3', createStream([createRandomBytes(PART_BYTES + 1)]), { signal: neverAborted })
    expect(await new Response((await store.get('a/1'))?.body).bytes()).toEqual(body)
    expect(await store.head('a/2')).toMatchObject({ bytes: 2_000 })
    expect(await Array.fromAsync(store.list('a/'), ({ key }) => key)).toEqual(['a/1', 'a/2', 'a/3'])
    await store.remove('a/1')
    expect(await store.head('a/1')).toBeNull()
  })
}

test('gives up after four tries, with an error that names the response', async () => {
  await using faulty = await openFaultyStore(strict)
  faulty.proxy.intercept = async () => s3ErrorResponse(503, 'SlowDown')
  const error = await getError(faulty.store.put('a', createRandomBytes(10), { signal: neverAborted }))
  expect(error).toBeInstanceOf(StoreError)
  expect(error.message).toBe('the object store answered 503 SlowDown')
  expect(faulty.proxy.requests).toHaveLength(4)
})

for (const [status, code] of [
  [403, 'AccessDenied'],
  [404, 'NoSuchBucket'],
  [400, 'InvalidArgument'],
  [501, 'NotImplemented'],
] as const) {
  test(`does not retry after ${status} ${code}`, async () => {
    await using faulty = await openFaultyStore(strict)
    faulty.proxy.intercept = async () => s3ErrorResponse(status, code)
    await expect(faulty.store.put('a', createRandomBytes(10), { signal: neverAborted })).rejects.toThrow(StoreError)
    await expect(faulty.store.get('a')).rejects.toThrow(`answered ${status} ${code}`)
    expect(faulty.proxy.requests).toHaveLength(2)
  })
}

test('stores every object when each key meets up to three faults', async () => {
  await using faulty = await openFaultyStore(strict)
  const faultsByPath = new Map<string, number>()
  faulty.proxy.intercept = async (request, forward) => {
    const faults = faultsByPath.get(request.path) ?? 0
    faultsByPath.set(request.path, faults + 1)
    const maxFaults = Number(/(\d+)\?/.exec(request.path)?.[1]) % 4
    return faults < maxFaults ? s3ErrorResponse(503, 'SlowDown') : await forward(request)
  }
  const bodies = Array.from({ length: 40 }, (_, at) => createRandomBytes(1_000 + at))
  await Promise.all(bodies.map((body, at) => faulty.store.put(`k/${at}`, body, { signal: neverAborted })))
  for (const [at, body] of bodies.entries()) {
    expect(await new Response((await faulty.store.get(`k/${at}`))?.body).bytes()).toEqual(body)
  }
})

test('an operation whose response is late fails with a StoreError', async () => {
  await using faulty = await openFaultyStore(strict, { tryTimeoutMs: 40 })
  faulty.proxy.intercept = () => new Promise(() => {})
  for (const operation of listOperations(faulty.store)) {
    const error = await getError(operation())
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('the object store did not answer in time')
  }
})

test('retries after a try that timed out', async () => {
  await using faulty = await openFaultyStore(strict, { tryTimeoutMs: 1_000 })
  const hung = new Set<string>()
  // Only the first request of each kind hangs: a busy machine may need the tries that are left.
  faulty.proxy.intercept = (request, forward) => {
    if (hung.has(request.method)) return forward(request)
    hung.add(request.method)
    return new Promise(() => {})
  }
  await faulty.store.put('a', createRandomBytes(10), { signal: neverAborted })
  expect(await faulty.store.head('a')).toMatchObject({ bytes: 10 })
})

test('sends an object again that the server truncated in spite of status 200', async () => {
  await using faulty = await openFaultyStore(s3rver)
  const body = createRandomBytes(100_000)
  faulty.proxy.intercept = interceptEveryOther((request, forward) =>
    forward(request.method === 'PUT' ? truncateBody(request) : request),
  )
  await faulty.store.put('a', body, { signal: neverAborted })
  await faulty.store.put('b', createStream([createRandomBytes(2 * PART_BYTES + 1)]), { signal: neverAborted })
  faulty.proxy.intercept = (request, forward) => forward(request)
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(body)
  expect(await faulty.store.head('b')).toMatchObject({ bytes: 2 * PART_BYTES + 1 })
})

test('a file is one request, signed with the hash of its bytes, and is retried', async () => {
  await using faulty = await openFaultyStore(strict)
  await using file = await createTestFile(createRandomBytes(9 * MIB))
  const damaged = (request: ProxiedRequest) => withBody(request, new Uint8Array(request.body.byteLength))
  const hashes: (string | null)[] = []
  faulty.proxy.intercept = async (request, forward) => {
    if (request.method !== 'PUT') return await forward(request)
    hashes.push(request.headers.get('x-amz-content-sha256'))
    if (hashes.length === 1) return s3ErrorResponse(503, 'SlowDown')
    return await forward(hashes.length === 2 ? damaged(request) : request)
  }
  await faulty.store.put('a', file.body, { signal: neverAborted })
  expect(hashes).toEqual(Array(3).fill(file.body.sha256))
  expect(faulty.proxy.requests).toHaveLength(3)
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(file.bytes)
})

test('a file that the server truncates or damages at every try is an error, and is removed', async () => {
  await using faulty = await openFaultyStore(s3rver)
  await using file = await createTestFile(createRandomBytes(9 * MIB))
  for (const corrupt of [
    truncateBody,
    ({ body, ...rest }: ProxiedRequest) => ({ ...rest, body: body.map(byte => byte ^ 1) }),
  ]) {
    faulty.proxy.intercept = (request, forward) => forward(request.method === 'PUT' ? corrupt(request) : request)
    await expect(faulty.store.put('a', file.body, { signal: neverAborted })).rejects.toThrow('something else')
    expect(await Array.fromAsync(faulty.store.list(''))).toEqual([])
  }
})

test('an abort ends the put of a file whose server does not respond', async () => {
  await using faulty = await openFaultyStore(strict)
  await using file = await createTestFile(createRandomBytes(9 * MIB))
  const controller = new AbortController()
  faulty.proxy.intercept = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  await expect(faulty.store.put('a', file.body, { signal: controller.signal })).rejects.toThrow('lease lost')
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

for (const [name, body] of [
  ['sent in one request', () => createRandomBytes(100_000)],
  ['sent in parts', () => createStream([createRandomBytes(PART_BYTES + 1)])],
] as const) {
  test(`an object ${name} that the server truncates at every try is an error, and is removed`, async () => {
    await using faulty = await openFaultyStore(s3rver)
    faulty.proxy.intercept = (request, forward) => forward(request.method === 'PUT' ? truncateBody(request) : request)
    const error = await getError(faulty.store.put('a', body(), { signal: neverAborted }))
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('the object store has something else than what it was sent')
    expect([await faulty.store.head('a'), await Array.fromAsync(faulty.store.list(''))]).toEqual([null, []])
  })
}

test('sends an object again that was damaged in transit and rejected by the server', async () => {
  await using faulty = await openFaultyStore(strict)
  const body = createRandomBytes(1_000)
  faulty.proxy.intercept = interceptEveryOther((request, forward) =>
    forward({ ...request, body: request.body.map(byte => byte ^ 1) }),
  )
  await faulty.store.put('a', body, { signal: neverAborted })
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(body)
  expect(faulty.proxy.requests.filter(line => line.startsWith('PUT'))).toHaveLength(2)
})

test('verifies a put by its size when the ETag is no MD5', async () => {
  await using faulty = await openFaultyStore(s3rver)
  const opaque: RequestInterceptor = async (request, forward) => {
    const response = await forward(request)
    const headers = new Headers(response.headers)
    headers.set('etag', `"${'0'.repeat(32)}"`)
    headers.set('x-amz-server-side-encryption', 'aws:kms')
    return new Response(response.body, { status: response.status, headers })
  }
  faulty.proxy.intercept = opaque
  await faulty.store.put('a', createRandomBytes(1_000), { signal: neverAborted })
  expect(faulty.proxy.requests.map(line => line.split(' ')[0])).toEqual(['PUT', 'HEAD'])
  faulty.proxy.intercept = (request, forward) =>
    opaque(request.method === 'PUT' ? truncateBody(request) : request, forward)
  await expect(faulty.store.put('b', createRandomBytes(1_000), { signal: neverAborted })).rejects.toThrow(
    'something else',
  )
})

for (const step of ['uploads=', 'partNumber=2']) {
  test(`a multipart upload that is rejected at ${step} leaves no object and no part, and cancels its source`, async () => {
    await using faulty = await openFaultyStore(strict)
    faulty.proxy.intercept = async (request, forward) =>
      request.path.includes(step) ? s3ErrorResponse(403, 'AccessDenied') : await forward(request)
    const source = createEndlessStream()
    await expect(faulty.store.put('a', source.body, { signal: neverAborted })).rejects.toThrow('AccessDenied')
    await source.cancelled
    expect(source.bytesSent()).toBeLessThan(5 * PART_BYTES)
    faulty.proxy.intercept = (request, forward) => forward(request)
    expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
  })
}

test('an abort during a multipart upload leaves no object and no part', async () => {
  await using faulty = await openFaultyStore(strict)
  const controller = new AbortController()
  faulty.proxy.intercept = async (request, forward) => {
    if (!request.path.includes('partNumber=3')) return await forward(request)
    controller.abort(new Error('lease lost'))
    return await new Promise(() => {})
  }
  const source = createEndlessStream()
  await expect(faulty.store.put('a', source.body, { signal: controller.signal })).rejects.toThrow('lease lost')
  await source.cancelled
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('an abort during a request ends the put at once and leaves no object', async () => {
  await using faulty = await openFaultyStore(strict)
  const controller = new AbortController()
  faulty.proxy.intercept = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  await expect(faulty.store.put('a', createRandomBytes(MIB), { signal: controller.signal })).rejects.toThrow(
    'lease lost',
  )
  faulty.proxy.intercept = (request, forward) => forward(request)
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('a stream that fails ends the put without waiting for parts in flight', async () => {
  await using faulty = await openFaultyStore(strict)
  faulty.proxy.intercept = async (request, forward) =>
    request.path.includes('partNumber') ? await new Promise(() => {}) : await forward(request)
  const broken = createStream(
    [createRandomBytes(PART_BYTES), createRandomBytes(PART_BYTES - 1)],
    new Error('the provider hung up'),
  )
  await expect(faulty.store.put('a', broken, { signal: neverAborted })).rejects.toThrow('the provider hung up')
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('an upload that was completed without its last part is an error, and is removed', async () => {
  await using faulty = await openFaultyStore(s3rver)
  faulty.proxy.intercept = (request, forward) => {
    const text = new TextDecoder().decode(request.body)
    const [, lastPart = ''] = /(<Part>(?:(?!<Part>).)*<\/Part>)<\/CompleteMultipartUpload>/.exec(text) ?? []
    return forward(lastPart === '' ? request : withBody(request, new TextEncoder().encode(text.replace(lastPart, ''))))
  }
  const body = createStream([createRandomBytes(PART_BYTES + 1)])
  await expect(faulty.store.put('a', body, { signal: neverAborted })).rejects.toThrow('something else')
  expect(await Array.fromAsync(faulty.store.list(''))).toEqual([])
})

test('a multipart upload whose final response was lost counts as completed', async () => {
  await using faulty = await openFaultyStore(strict)
  const isCompletion = ({ method, path }: ProxiedRequest) => method === 'POST' && path.includes('uploadId')
  faulty.proxy.intercept = async (request, forward) => {
    const response = await forward(request)
    return isCompletion(request) && response.ok ? s3ErrorResponse(500, 'InternalError') : response
  }
  const body = createRandomBytes(PART_BYTES + 7)
  expect(await faulty.store.put('a', createStream([body]), { signal: neverAborted })).toMatchObject({
    bytes: body.byteLength,
  })
  expect(await listLeftovers(faulty)).toEqual({ keys: ['a'], uploads: 0 })
})

test('reads no more than three parts of a stream ahead of the server', async () => {
  await using faulty = await openFaultyStore(strict)
  const controller = new AbortController()
  const pending: ProxiedRequest[] = []
  const twoArePending = Promise.withResolvers<void>()
  faulty.proxy.intercept = async (request, forward) => {
    if (!request.path.includes('partNumber')) return await forward(request)
    if (pending.push(request) === 2) twoArePending.resolve()
    return await new Promise(() => {})
  }
  const source = createEndlessStream()
  const putting = faulty.store.put('a', source.body, { signal: controller.signal })
  await twoArePending.promise
  // Gives a reader that does not wait for the server the turns it would need to read on.
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  expect(source.bytesSent()).toBeGreaterThanOrEqual(2 * PART_BYTES)
  expect(source.bytesSent()).toBeLessThanOrEqual(3 * PART_BYTES + 2 * MIB)
  expect(pending).toHaveLength(2)
  controller.abort(new Error('enough'))
  await expect(putting).rejects.toThrow('enough')
})

interface FaultyStore extends AsyncDisposable {
  store: ReturnType<typeof openS3Store>
  proxy: FaultProxy
  direct: Awaited<ReturnType<typeof createTestBucket>>
}

/** Opens a store whose requests go through a proxy, which injects the faults that the test sets. */
async function openFaultyStore(endpoint: S3Endpoint, limits: { tryTimeoutMs?: number } = {}): Promise<FaultyStore> {
  const stack = new AsyncDisposableStack()
  const direct = stack.use(await createTestBucket(endpoint))
  const proxy = stack.use(startFaultProxy(endpoint))
  const options = { ...direct.options, ...proxy.endpoint, limits: { ...direct.options.limits, ...limits } }
  return { store: openS3Store(options), proxy, direct, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('aborts the uploads of its own folder that were begun before a date, and no younger ones', async () => {
  await using faulty = await openFaultyStore(strict)
  const bucket = openBucket(faulty.direct.options)
  for (const key of ['w/1/gen/a.mp4', 'of-another-program.mp4'])
    await bucket.sendWithRetry(new CreateMultipartUploadCommand({ ...bucket.params, Key: key }))
  expect(await faulty.store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0)
  expect((await listLeftovers(faulty)).uploads).toBe(2)
  expect(await faulty.store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1)
  expect((await listLeftovers(faulty)).uploads).toBe(1)
})

async function listLeftovers({ direct }: FaultyStore): Promise<{ keys: string[]; uploads: number }> {
  const bucket = openBucket(direct.options)
  const { Uploads = [] } = await bucket.sendWithRetry(new ListMultipartUploadsCommand(bucket.params))
  return { keys: await listKeys(direct.store), uploads: Uploads.length }
}

function listOperations(store: ReturnType<typeof openS3Store>): (() => Promise<unknown>)[] {
  return [
    () => store.put('a', createRandomBytes(10), { signal: neverAborted }),
    () => store.put('a', createStream([createRandomBytes(PART_BYTES)]), { signal: neverAborted }),
    () => store.get('a'),
    () => store.head('a'),
    () => store.remove('a'),
    () => Array.fromAsync(store.list('')),
    () => store.ping(),
  ]
}

function truncateBody(request: ProxiedRequest): ProxiedRequest {
  return withBody(request, request.body.slice(0, Math.floor(request.body.byteLength / 2)))
}

async function getError(work: Promise<unknown>): Promise<Error> {
  const failure = await work.catch(error => error)
  if (failure instanceof Error) return failure
  throw new Error('the operation did not fail')
}
