import { afterAll, expect, test } from 'bun:test'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import {
  type Endpoint,
  everyOther,
  type Fault,
  type FaultProxy,
  type PassedRequest,
  refusal,
  startFaultProxy,
  startS3rver,
  startStrictS3,
  testBucket,
  withBody,
} from '../../../testing/s3/s3-server.ts'
import { endless, fileOf, random, streamOf } from '../../../testing/store/streams.ts'
import { StoreError } from '../store.ts'
import { openBucket } from './bucket.ts'
import { PART_BYTES } from './parts.ts'
import { openS3 } from './s3.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const strict = servers.use(await startStrictS3()).endpoint
const s3rver = servers.use(await startS3rver()).endpoint
const forever = new AbortController().signal
const MIB = 1024 * 1024

const TURNED_AWAY: [status: number, code: string][] = [
  [500, 'InternalError'],
  [502, 'Unknown'],
  [503, 'SlowDown'],
  [429, 'TooManyRequests'],
  [400, 'RequestTimeout'],
  [403, 'RequestTimeTooSkewed'],
]

for (const [status, code] of TURNED_AWAY) {
  test(`what is answered ${status} ${code} is asked for again, whatever it is`, async () => {
    await using faulty = await openFaulty(strict)
    const { store, proxy } = faulty
    const body = random(2_000)
    // An answer to HEAD has no body to name the code in.
    const isTold = ({ method }: PassedRequest) => status >= 429 || method !== 'HEAD'
    proxy.fault = everyOther(async (request, pass) => (isTold(request) ? refusal(status, code) : await pass(request)))
    await store.put('a/1', body, { signal: forever })
    await store.put('a/2', streamOf([body]), { signal: forever })
    await store.put('a/3', streamOf([random(PART_BYTES + 1)]), { signal: forever })
    expect(await new Response((await store.get('a/1'))?.body).bytes()).toEqual(body)
    expect(await store.head('a/2')).toMatchObject({ bytes: 2_000 })
    expect(await Array.fromAsync(store.list('a/'))).toEqual(['a/1', 'a/2', 'a/3'])
    await store.remove('a/1')
    expect(await store.head('a/1')).toBeNull()
  })
}

test('a server that turns everything away is given up, and what was answered is said', async () => {
  await using faulty = await openFaulty(strict)
  faulty.proxy.fault = async () => refusal(503, 'SlowDown')
  const error = await failureOf(faulty.store.put('a', random(10), { signal: forever }))
  expect(error).toBeInstanceOf(StoreError)
  expect(error.message).toBe('the object store answered 503 SlowDown')
  expect(faulty.proxy.seen).toHaveLength(4)
})

for (const [status, code] of [
  [403, 'AccessDenied'],
  [404, 'NoSuchBucket'],
  [400, 'InvalidArgument'],
  [501, 'NotImplemented'],
] as const) {
  test(`what is answered ${status} ${code} is not asked for again`, async () => {
    await using faulty = await openFaulty(strict)
    faulty.proxy.fault = async () => refusal(status, code)
    await expect(faulty.store.put('a', random(10), { signal: forever })).rejects.toThrow(StoreError)
    await expect(faulty.store.get('a')).rejects.toThrow(`answered ${status} ${code}`)
    expect(faulty.proxy.seen).toHaveLength(2)
  })
}

test('with faults on every key, up to three of them, everything is kept', async () => {
  await using faulty = await openFaulty(strict)
  const met = new Map<string, number>()
  faulty.proxy.fault = async (request, pass) => {
    const times = met.get(request.path) ?? 0
    met.set(request.path, times + 1)
    const most = Number(/(\d+)\?/.exec(request.path)?.[1]) % 4
    return times < most ? refusal(503, 'SlowDown') : await pass(request)
  }
  const bodies = Array.from({ length: 40 }, (_, at) => random(1_000 + at))
  await Promise.all(bodies.map((body, at) => faulty.store.put(`k/${at}`, body, { signal: forever })))
  for (const [at, body] of bodies.entries()) {
    expect(await new Response((await faulty.store.get(`k/${at}`))?.body).bytes()).toEqual(body)
  }
})

test('an answer that comes too late is not waited for', async () => {
  await using faulty = await openFaulty(strict, { tryMs: 40 })
  faulty.proxy.fault = () => new Promise(() => {})
  for (const use of usesOf(faulty.store)) {
    const error = await failureOf(use())
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('the object store did not answer in time')
  }
})

test('one slow answer is made good by another try', async () => {
  await using faulty = await openFaulty(strict, { tryMs: 200 })
  faulty.proxy.fault = everyOther(() => new Promise(() => {}))
  await faulty.store.put('a', random(10), { signal: forever })
  expect(await faulty.store.head('a')).toMatchObject({ bytes: 10 })
})

test('what was stored short and answered 200 is sent again', async () => {
  await using faulty = await openFaulty(s3rver)
  const body = random(100_000)
  faulty.proxy.fault = everyOther((request, pass) => pass(request.method === 'PUT' ? halved(request) : request))
  await faulty.store.put('a', body, { signal: forever })
  await faulty.store.put('b', streamOf([random(2 * PART_BYTES + 1)]), { signal: forever })
  faulty.proxy.fault = (request, pass) => pass(request)
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(body)
  expect(await faulty.store.head('b')).toMatchObject({ bytes: 2 * PART_BYTES + 1 })
})

test('a file is one request, signed with the hash of its bytes, and sent anew where that helps', async () => {
  await using faulty = await openFaulty(strict)
  await using file = await fileOf(random(9 * MIB))
  const damaged = (request: PassedRequest) => withBody(request, new Uint8Array(request.body.byteLength))
  const hashes: (string | null)[] = []
  faulty.proxy.fault = async (request, pass) => {
    if (request.method !== 'PUT') return await pass(request)
    hashes.push(request.headers.get('x-amz-content-sha256'))
    if (hashes.length === 1) return refusal(503, 'SlowDown')
    return await pass(hashes.length === 2 ? damaged(request) : request)
  }
  await faulty.store.put('a', file.body, { signal: forever })
  expect(hashes).toEqual(Array(3).fill(file.body.sha256))
  expect(faulty.proxy.seen).toHaveLength(3)
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(file.bytes)
})

test('a file that a server stores short each time, or damages, is an error and is not left there', async () => {
  await using faulty = await openFaulty(s3rver)
  await using file = await fileOf(random(9 * MIB))
  for (const spoilt of [
    halved,
    ({ body, ...rest }: PassedRequest) => ({ ...rest, body: body.map(byte => byte ^ 1) }),
  ]) {
    faulty.proxy.fault = (request, pass) => pass(request.method === 'PUT' ? spoilt(request) : request)
    await expect(faulty.store.put('a', file.body, { signal: forever })).rejects.toThrow('something else')
    expect(await Array.fromAsync(faulty.store.list(''))).toEqual([])
  }
}, 20_000)

test('a file whose server says nothing is let go of when it is wanted no more', async () => {
  await using faulty = await openFaulty(strict)
  await using file = await fileOf(random(9 * MIB))
  const controller = new AbortController()
  faulty.proxy.fault = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  await expect(faulty.store.put('a', file.body, { signal: controller.signal })).rejects.toThrow('lease lost')
  expect(await leftoversOf(faulty)).toEqual({ keys: [], uploads: 0 })
})

for (const [how, body] of [
  ['in one piece', () => random(100_000)],
  ['in parts', () => streamOf([random(PART_BYTES + 1)])],
] as const) {
  test(`what is stored short each time it is sent ${how}, and answered 200, is an error and is not left there`, async () => {
    await using faulty = await openFaulty(s3rver)
    faulty.proxy.fault = (request, pass) => pass(request.method === 'PUT' ? halved(request) : request)
    const error = await failureOf(faulty.store.put('a', body(), { signal: forever }))
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('the object store has something else than what it was sent')
    expect([await faulty.store.head('a'), await Array.fromAsync(faulty.store.list(''))]).toEqual([null, []])
  })
}

test('what was damaged on the way is refused by a server that looks, and sent again', async () => {
  await using faulty = await openFaulty(strict)
  const body = random(1_000)
  faulty.proxy.fault = everyOther((request, pass) => pass({ ...request, body: request.body.map(byte => byte ^ 1) }))
  await faulty.store.put('a', body, { signal: forever })
  expect(await new Response((await faulty.store.get('a'))?.body).bytes()).toEqual(body)
  expect(faulty.proxy.seen.filter(line => line.startsWith('PUT'))).toHaveLength(2)
})

test('where the ETag is no MD5, the size that is there decides', async () => {
  await using faulty = await openFaulty(s3rver)
  const opaque: Fault = async (request, pass) => {
    const answer = await pass(request)
    const headers = new Headers(answer.headers)
    headers.set('etag', `"${'0'.repeat(32)}"`)
    headers.set('x-amz-server-side-encryption', 'aws:kms')
    return new Response(answer.body, { status: answer.status, headers })
  }
  faulty.proxy.fault = opaque
  await faulty.store.put('a', random(1_000), { signal: forever })
  expect(faulty.proxy.seen.map(line => line.split(' ')[0])).toEqual(['PUT', 'HEAD'])
  faulty.proxy.fault = (request, pass) => opaque(request.method === 'PUT' ? halved(request) : request, pass)
  await expect(faulty.store.put('b', random(1_000), { signal: forever })).rejects.toThrow('something else')
})

for (const step of ['uploads=', 'partNumber=2']) {
  test(`an upload in parts that is refused at ${step} leaves nothing: no object, no part, and nobody who reads on`, async () => {
    await using faulty = await openFaulty(strict)
    faulty.proxy.fault = async (request, pass) =>
      request.path.includes(step) ? refusal(403, 'AccessDenied') : await pass(request)
    const source = endless()
    await expect(faulty.store.put('a', source.body, { signal: forever })).rejects.toThrow('AccessDenied')
    await source.cancelled
    expect(source.given()).toBeLessThan(5 * PART_BYTES)
    faulty.proxy.fault = (request, pass) => pass(request)
    expect(await leftoversOf(faulty)).toEqual({ keys: [], uploads: 0 })
  })
}

test('an abort while parts are under way leaves nothing, not even parts', async () => {
  await using faulty = await openFaulty(strict)
  const controller = new AbortController()
  faulty.proxy.fault = async (request, pass) => {
    if (!request.path.includes('partNumber=3')) return await pass(request)
    controller.abort(new Error('lease lost'))
    return await new Promise(() => {})
  }
  const source = endless()
  await expect(faulty.store.put('a', source.body, { signal: controller.signal })).rejects.toThrow('lease lost')
  await source.cancelled
  expect(await leftoversOf(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('an abort while bytes are under way ends the put at once and leaves nothing', async () => {
  await using faulty = await openFaulty(strict)
  const controller = new AbortController()
  faulty.proxy.fault = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  await expect(faulty.store.put('a', random(MIB), { signal: controller.signal })).rejects.toThrow('lease lost')
  faulty.proxy.fault = (request, pass) => pass(request)
  expect(await leftoversOf(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('a stream that breaks while parts are under way does not wait for them', async () => {
  await using faulty = await openFaulty(strict)
  faulty.proxy.fault = async (request, pass) =>
    request.path.includes('partNumber') ? await new Promise(() => {}) : await pass(request)
  const broken = streamOf([random(PART_BYTES), random(PART_BYTES - 1)], new Error('the provider hung up'))
  await expect(faulty.store.put('a', broken, { signal: forever })).rejects.toThrow('the provider hung up')
  expect(await leftoversOf(faulty)).toEqual({ keys: [], uploads: 0 })
})

test('an upload that was put together without its last part is an error and is not left there', async () => {
  await using faulty = await openFaulty(s3rver)
  faulty.proxy.fault = (request, pass) => {
    const text = new TextDecoder().decode(request.body)
    const [, lastPart = ''] = /(<Part>(?:(?!<Part>).)*<\/Part>)<\/CompleteMultipartUpload>/.exec(text) ?? []
    return pass(lastPart === '' ? request : withBody(request, new TextEncoder().encode(text.replace(lastPart, ''))))
  }
  const body = streamOf([random(PART_BYTES + 1)])
  await expect(faulty.store.put('a', body, { signal: forever })).rejects.toThrow('something else')
  expect(await Array.fromAsync(faulty.store.list(''))).toEqual([])
})

test('an upload in parts whose last answer was lost is recognised as done', async () => {
  await using faulty = await openFaulty(strict)
  const isCompletion = ({ method, path }: PassedRequest) => method === 'POST' && path.includes('uploadId')
  faulty.proxy.fault = async (request, pass) => {
    const answer = await pass(request)
    return isCompletion(request) && answer.ok ? refusal(500, 'InternalError') : answer
  }
  const body = random(PART_BYTES + 7)
  expect(await faulty.store.put('a', streamOf([body]), { signal: forever })).toMatchObject({ bytes: body.byteLength })
  expect(await leftoversOf(faulty)).toEqual({ keys: ['a'], uploads: 0 })
})

test('no more of a stream is read than three parts, however long the server takes', async () => {
  await using faulty = await openFaulty(strict)
  const controller = new AbortController()
  const held: PassedRequest[] = []
  const twoAreHeld = Promise.withResolvers<void>()
  faulty.proxy.fault = async (request, pass) => {
    if (!request.path.includes('partNumber')) return await pass(request)
    if (held.push(request) === 2) twoAreHeld.resolve()
    return await new Promise(() => {})
  }
  const source = endless()
  const putting = faulty.store.put('a', source.body, { signal: controller.signal })
  await twoAreHeld.promise
  // Whatever would be read without waiting for the server is read by now.
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  expect(source.given()).toBeGreaterThanOrEqual(2 * PART_BYTES)
  expect(source.given()).toBeLessThanOrEqual(3 * PART_BYTES + 2 * MIB)
  expect(held).toHaveLength(2)
  controller.abort(new Error('enough'))
  await expect(putting).rejects.toThrow('enough')
})

interface Faulty extends AsyncDisposable {
  store: ReturnType<typeof openS3>
  proxy: FaultProxy
  direct: Awaited<ReturnType<typeof testBucket>>
}

/** A bucket that is reached through a proxy; what is wrong with that is up to the test. */
async function openFaulty(endpoint: Endpoint, limits: { tryMs?: number } = {}): Promise<Faulty> {
  const stack = new AsyncDisposableStack()
  const direct = stack.use(await testBucket(endpoint))
  const proxy = stack.use(startFaultProxy(endpoint))
  const options = { ...direct.options, ...proxy.endpoint, limits: { ...direct.options.limits, ...limits } }
  return { store: openS3(options), proxy, direct, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function leftoversOf({ direct }: Faulty): Promise<{ keys: string[]; uploads: number }> {
  const bucket = openBucket(direct.options)
  const { Uploads = [] } = await bucket.ask(new ListMultipartUploadsCommand(bucket.at))
  return { keys: await Array.fromAsync(direct.store.list('')), uploads: Uploads.length }
}

function usesOf(store: ReturnType<typeof openS3>): (() => Promise<unknown>)[] {
  return [
    () => store.put('a', random(10), { signal: forever }),
    () => store.put('a', streamOf([random(PART_BYTES)]), { signal: forever }),
    () => store.get('a'),
    () => store.head('a'),
    () => store.remove('a'),
    () => Array.fromAsync(store.list('')),
    () => store.ping(),
  ]
}

function halved(request: PassedRequest): PassedRequest {
  return withBody(request, request.body.slice(0, Math.floor(request.body.byteLength / 2)))
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  const failure = await work.catch(error => error)
  if (failure instanceof Error) return failure
  throw new Error('it did not fail')
}
