import { afterAll, expect, test } from 'bun:test'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import {
  createTestBucket,
  type FaultProxy,
  interceptEveryOther,
  type ProxiedRequest,
  type RequestInterceptor,
  type S3Endpoint,
  s3ErrorResponse,
  startFaultProxy,
  startS3rver,
  startStrictS3,
  withBody,
} from '../../../testing/s3/s3-server.ts'
import { createEndlessStream, createRandomBytes, createStream, createTestFile } from '../../../testing/store/streams.ts'
import { StoreError } from '../store.ts'
import { openBucket } from './bucket.ts'
import { PART_BYTES } from './parts.ts'
import { openS3Store } from './s3.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const strict = servers.use(await startStrictS3()).endpoint
const s3rver = servers.use(await startS3rver()).endpoint
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
  test(`what is answered ${status} ${code} is asked for again, whatever it is`, async () => {
    await using faulty = await openFaultyStore(strict)
    const { store, proxy } = faulty
    const body = createRandomBytes(2_000)
    // An answer to HEAD has no body to name the code in.
    const isTold = ({ method }: ProxiedRequest) => status >= 429 || method !== 'HEAD'
    proxy.intercept = interceptEveryOther(async (request, pass) =>
      isTold(request) ? s3ErrorResponse(status, code) : await pass(request),
    )
    await store.put('a/1', body, { signal: neverAborted })
    await store.put('a/2', createStream([body]), { signal: neverAborted })
    await store.put('a/3', createStream([createRandomBytes(PART_BYTES + 1)]), { signal: neverAborted })
    expect(await new Response((await store.get('a/1'))?.body).bytes()).toEqual(body)
    expect(await store.head('a/2')).toMatchObject({ bytes: 2_000 })
    expect(await Array.fromAsync(store.list('a/'))).toEqual(['a/1', 'a/2', 'a/3'])
    await store.remove('a/1')
    expect(await store.head('a/1')).toBeNull()
  })
}

test('a server that turns everything away is given up, and what was answered is said', async () => {
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
  test(`what is answered ${status} ${code} is not asked for again`, async () => {
    await using faulty = await openFaultyStore(strict)
    faulty.proxy.intercept = async () => s3ErrorResponse(status, code)
    await expect(faulty.store.put('a', createRandomBytes(10), { signal: neverAborted })).rejects.toThrow(StoreError)
    await expect(faulty.store.get('a')).rejects.toThrow(`answered ${status} ${code}`)
    expect(faulty.proxy.requests).toHaveLength(2)
  })
}

test('with faults on every key, up to three of them, everything is kept', async () => {
  await using faulty = await openFaultyStore(strict)
  const met = new Map<string, number>()
  faulty.proxy.intercept = async (request, pass) => {
    const times = met.get(request.path) ?? 0
    met.set(request.path, times + 1)
    const most = Number(/(\d+)\?/.exec(request.path)?.[1]) % 4
    return times < most ? s3ErrorResponse(503, 'SlowDown') : await pass(request)
  }
  const bodies = Array.from({ length: 40 }, (_, at) => createRandomBytes(1_000 + at))
  await Promise.all(bodies.map((body, at) => faulty.store.put(`k/${at}`, body, { signal: neverAborted })))
  for (const [at, body] of bodies.entries()) {
    expect(await new Response((await faulty.store.get(`k/${at}`))?.body).bytes()).toEqual(body)
  }
})

test('an answer that comes too late is not waited for', async () => {
  await using faulty = await openFaultyStore(strict, { tryTimeoutMs: 40 })
  faulty.proxy.intercept = () => new Promise(() => {})
  for (const use of listOperations(faulty.store)) {
    const error = await getError(use())
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('the object store did not answer in time')
  }
})

test('one slow answer is made good by another try', async () => {
  await using faulty = await openFaultyStore(strict, { tryTimeoutMs: 200 })
  faulty.proxy.intercept = interceptEveryOther(() => new Promise(() => {}))
  await faulty.store.put('a', createRandomBytes(10), { signal: neverAborted })
  expect(await faulty.store.head('a')).toMatchObject({ bytes: 10 })
})

test('what was stored short and answered 200 is sent again', async () => {
  await using faulty = await openFaultyStore(s3rver)
  const body = createRandomBytes(100_000)
  faulty.proxy.intercept = interceptEveryOther((request, pass) =>
    pass(request.method === 'PUT' ? truncateBody(request) : request),
  )
  await faulty.store.put('a', body, { signal: neverAborted })
  await faulty.store.put('b', createStream([createRandomBytes(2 * PART_BYTES + 1)]), { signal: neverAborted })
  faulty.proxy.intercept = (request, pass) => pass(request)
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(body)
  expect(await faulty.store.head('b')).toMatchObject({ bytes: 2 * PART_BYTES + 1 })
})

test('a file is one request, signed with the hash of its bytes, and sent anew where that helps', async () => {
  await using faulty = await openFaultyStore(strict)
  await using file = await createTestFile(createRandomBytes(9 * MIB))
  const damaged = (request: ProxiedRequest) => withBody(request, new Uint8Array(request.body.byteLength))
  const hashes: (string | null)[] = []
  faulty.proxy.intercept = async (request, pass) => {
    if (request.method !== 'PUT') return await pass(request)
    hashes.push(request.headers.get('x-amz-content-sha256'))
    if (hashes.length === 1) return s3ErrorResponse(503, 'SlowDown')
    return await pass(hashes.length === 2 ? damaged(request) : request)
  }
  await faulty.store.put('a', file.body, { signal: neverAborted })
  expect(hashes).toEqual(Array(3).fill(file.body.sha256))
  expect(faulty.proxy.requests).toHaveLength(3)
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(file.bytes)
})

test('a file that a server stores short each time, or damages, is an error and is not left there', async () => {
  await using faulty = await openFaultyStore(s3rver)
  await using file = await createTestFile(createRandomBytes(9 * MIB))
  for (const spoilt of [
    truncateBody,
    ({ body, ...rest }: ProxiedRequest) => ({ ...rest, body: body.map(byte => byte ^ 1) }),
  ]) {
    faulty.proxy.intercept = (request, pass) => pass(request.method === 'PUT' ? spoilt(request) : request)
    await expect(faulty.store.put('a', file.body, { signal: neverAborted })).rejects.toThrow('something else')
    expect(await Array.fromAsync(faulty.store.list(''))).toEqual([])
  }
}, 20_000)

test('a file whose server says nothing is let go of when it is wanted no more', async () => {
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

for (const [how, body] of [
  ['in one piece', () => createRandomBytes(100_000)],
  ['in parts', () => createStream([createRandomBytes(PART_BYTES + 1)])],
] as const) {
  test(`what is stored short each time it is sent ${how}, and answered 200, is an error and is not left there`, async () => {
    await using faulty = await openFaultyStore(s3rver)
    faulty.proxy.intercept = (request, pass) => pass(request.method === 'PUT' ? truncateBody(request) : request)
    const error = await getError(faulty.store.put('a', body(), { signal: neverAborted }))
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('the object store has something else than what it was sent')
    expect([await faulty.store.head('a'), await Array.fromAsync(faulty.store.list(''))]).toEqual([null, []])
  })
}

test('what was damaged on the way is refused by a server that looks, and sent again', async () => {
  await using faulty = await openFaultyStore(strict)
  const body = createRandomBytes(1_000)
  faulty.proxy.intercept = interceptEveryOther((request, pass) =>
    pass({ ...request, body: request.body.map(byte => byte ^ 1) }),
  )
  await faulty.store.put('a', body, { signal: neverAborted })
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(body)
  expect(faulty.proxy.requests.filter(line => line.startsWith('PUT'))).toHaveLength(2)
})

test('where the ETag is no MD5, the size that is there decides', async () => {
  await using faulty = await openFaultyStore(s3rver)
  const opaque: RequestInterceptor = async (request, pass) => {
    const answer = await pass(request)
    const headers = new Headers(answer.headers)
    headers.set('etag', `"${'0'.repeat(32)}"`)
    headers.set('x-amz-server-side-encryption', 'aws:kms')
    return new Response(answer.body, { status: answer.status, headers })
  }
  faulty.proxy.intercept = opaque
  await faulty.store.put('a', createRandomBytes(1_000), { signal: neverAborted })
  expect(faulty.proxy.requests.map(line => line.split(' ')[0])).toEqual(['PUT', 'HEAD'])
  faulty.proxy.intercept = (request, pass) => opaque(request.method === 'PUT' ? truncateBody(request) : request, pass)
  await expect(faulty.store.put('b', createRandomBytes(1_000), { signal: neverAborted })).rejects.toThrow(
    'something else',
  )
})

for (const step of ['uploads=', 'partNumber=2']) {
  test(`an upload in parts that is refused at ${step} leaves nothing: no object, no part, and nobody who reads on`, async () => {
    await using faulty = await openFaultyStore(strict)
    faulty.proxy.intercept = async (request, pass) =>
      request.path.includes(step) ? s3ErrorResponse(403, 'AccessDenied') : await pass(request)
    const source = createEndlessStream()
    await expect(faulty.store.put('a', source.body, { signal: neverAborted })).rejects.toThrow('AccessDenied')
    await source.cancelled
    expect(source.bytesSent()).toBeLessThan(5 * PART_BYTES)
    faulty.proxy.intercept = (request, pass) => pass(request)
    expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
  })
}

test('an abort while parts are under way leaves nothing, not even parts', async () => {
  await using faulty = await openFaultyStore(strict)
  const controller = new AbortController()
  faulty.proxy.intercept = async (request, pass) => {
    if (!request.path.includes('partNumber=3')) return await pass(request)
    controller.abort(new Error('lease lost'))
    return await new Promise(() => {})
  }
  const source = createEndlessStream()
  await expect(faulty.store.put('a', source.body, { signal: controller.signal })).rejects.toThrow('lease lost')
  await source.cancelled
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('an abort while bytes are under way ends the put at once and leaves nothing', async () => {
  await using faulty = await openFaultyStore(strict)
  const controller = new AbortController()
  faulty.proxy.intercept = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  await expect(faulty.store.put('a', createRandomBytes(MIB), { signal: controller.signal })).rejects.toThrow(
    'lease lost',
  )
  faulty.proxy.intercept = (request, pass) => pass(request)
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('a stream that breaks while parts are under way does not wait for them', async () => {
  await using faulty = await openFaultyStore(strict)
  faulty.proxy.intercept = async (request, pass) =>
    request.path.includes('partNumber') ? await new Promise(() => {}) : await pass(request)
  const broken = createStream(
    [createRandomBytes(PART_BYTES), createRandomBytes(PART_BYTES - 1)],
    new Error('the provider hung up'),
  )
  await expect(faulty.store.put('a', broken, { signal: neverAborted })).rejects.toThrow('the provider hung up')
  expect(await listLeftovers(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('an upload that was put together without its last part is an error and is not left there', async () => {
  await using faulty = await openFaultyStore(s3rver)
  faulty.proxy.intercept = (request, pass) => {
    const text = new TextDecoder().decode(request.body)
    const [, lastPart = ''] = /(<Part>(?:(?!<Part>).)*<\/Part>)<\/CompleteMultipartUpload>/.exec(text) ?? []
    return pass(lastPart === '' ? request : withBody(request, new TextEncoder().encode(text.replace(lastPart, ''))))
  }
  const body = createStream([createRandomBytes(PART_BYTES + 1)])
  await expect(faulty.store.put('a', body, { signal: neverAborted })).rejects.toThrow('something else')
  expect(await Array.fromAsync(faulty.store.list(''))).toEqual([])
})

test('an upload in parts whose last answer was lost is recognised as done', async () => {
  await using faulty = await openFaultyStore(strict)
  const isCompletion = ({ method, path }: ProxiedRequest) => method === 'POST' && path.includes('uploadId')
  faulty.proxy.intercept = async (request, pass) => {
    const answer = await pass(request)
    return isCompletion(request) && answer.ok ? s3ErrorResponse(500, 'InternalError') : answer
  }
  const body = createRandomBytes(PART_BYTES + 7)
  expect(await faulty.store.put('a', createStream([body]), { signal: neverAborted })).toMatchObject({
    bytes: body.byteLength,
  })
  expect(await listLeftovers(faulty)).toEqual({ keys: ['a'], uploads: 0 })
})

test('no more of a stream is read than three parts, however long the server takes', async () => {
  await using faulty = await openFaultyStore(strict)
  const controller = new AbortController()
  const held: ProxiedRequest[] = []
  const twoAreHeld = Promise.withResolvers<void>()
  faulty.proxy.intercept = async (request, pass) => {
    if (!request.path.includes('partNumber')) return await pass(request)
    if (held.push(request) === 2) twoAreHeld.resolve()
    return await new Promise(() => {})
  }
  const source = createEndlessStream()
  const putting = faulty.store.put('a', source.body, { signal: controller.signal })
  await twoAreHeld.promise
  // Whatever would be read without waiting for the server is read by now.
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  expect(source.bytesSent()).toBeGreaterThanOrEqual(2 * PART_BYTES)
  expect(source.bytesSent()).toBeLessThanOrEqual(3 * PART_BYTES + 2 * MIB)
  expect(held).toHaveLength(2)
  controller.abort(new Error('enough'))
  await expect(putting).rejects.toThrow('enough')
})

interface FaultyStore extends AsyncDisposable {
  store: ReturnType<typeof openS3Store>
  proxy: FaultProxy
  direct: Awaited<ReturnType<typeof createTestBucket>>
}

/** A bucket that is reached through a proxy; what is wrong with that is up to the test. */
async function openFaultyStore(endpoint: S3Endpoint, limits: { tryTimeoutMs?: number } = {}): Promise<FaultyStore> {
  const stack = new AsyncDisposableStack()
  const direct = stack.use(await createTestBucket(endpoint))
  const proxy = stack.use(startFaultProxy(endpoint))
  const options = { ...direct.options, ...proxy.endpoint, limits: { ...direct.options.limits, ...limits } }
  return { store: openS3Store(options), proxy, direct, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function listLeftovers({ direct }: FaultyStore): Promise<{ keys: string[]; uploads: number }> {
  const bucket = openBucket(direct.options)
  const { Uploads = [] } = await bucket.sendWithRetry(new ListMultipartUploadsCommand(bucket.params))
  return { keys: await Array.fromAsync(direct.store.list('')), uploads: Uploads.length }
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
  throw new Error('it did not fail')
}
