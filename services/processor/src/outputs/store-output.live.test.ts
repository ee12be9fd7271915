import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ByteBudget, createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openDiskStore } from '@darkroom/infra/store/disk'
import { openS3Store } from '@darkroom/infra/store/s3/s3'
import type { Body, Store } from '@darkroom/infra/store/store'
import type { FileFault } from '@darkroom/infra/testing/fake-provider/behavior'
import { startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { startFaultProxy } from '@darkroom/infra/testing/s3/fault-proxy'
import { createTestBucket, startS3Server } from '@darkroom/infra/testing/s3/s3-server'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createTestAdapter, REQUEST, readFinishedOutputs, submitRequest } from '../../testing/fake-env.ts'
import { neverAborted } from '../../testing/make-call.ts'
import type { DownloadableOutput } from './download.ts'
import { openSpool, type Spool } from './spool.ts'
import { type StoreOutputDeps, storeOutput } from './store-output.ts'
import { StoreOutputError } from './store-output-error.ts'

const MB = 1_000_000
const BUDGET = 64 * MB
const TARGET = { workspaceId: 'w1', generationId: 'g1', attempt: 3 }
const LIMITS = {
  deadlineMs: 180_000,
  idleTimeoutMs: 60_000,
  maxBufferedBytes: 8 * MB,
  image: { bytes: 20 * MB, pixels: 100 * MB },
  videoBytes: 80 * MB,
}

const servers = new AsyncDisposableStack()
const fake = servers.use(await startFakeProvider())
const strict = servers.use(await startS3Server('strict')).endpoint
afterAll(() => servers.disposeAsync())
beforeEach(() => fake.reset())
afterEach(async () => await fake.waitForRequests(log => log.filesInFlight === 0))

const STORES = { disk: openOnDisk, s3: openOnS3 } as const

for (const [name, openStore] of Object.entries(STORES)) {
  test(`${name}: stores eight outputs of 50 MB at once within the memory budget`, async () => {
    await using env = await openStoreEnv(openStore)
    fake.setBehavior({ fileType: 'mp4', fileBytes: 50 * MB })
    const outputs = await generateOutputs(8)
    const stored = await Promise.all(outputs.map(output => storeOutput(env.deps, TARGET, output, neverAborted)))
    for (const { key, bytes, sha256, mimeType } of stored) {
      expect(key).toMatch(/^w\/w1\/gen\/g1\/3\/\d\.mp4$/)
      expect([mimeType, bytes > 45 * MB]).toEqual(['video/mp4', true])
      expect(await computeHash(env.store, key)).toBe(sha256)
    }
    expect(fake.requestLog.maxFilesInFlight).toBe(8)
    expect(env.seen.maxReserved).toBeLessThanOrEqual(BUDGET)
    expect(env.seen.maxInMemory).toBe(0)
    expect(await listLeftovers(env)).toEqual({ files: [], reserved: 0 })
  })

  test(`${name}: stores small outputs within the memory budget`, async () => {
    await using env = await openStoreEnv(openStore, 10 * MB)
    fake.setBehavior({ fileBytes: 4 * MB })
    const outputs = await generateOutputs(8)
    const stored = await Promise.all(outputs.map(output => storeOutput(env.deps, TARGET, output, neverAborted)))
    expect(new Set(stored.map(({ key }) => key)).size).toBe(8)
    expect(env.seen.maxInMemory).toBeGreaterThan(3 * MB)
    expect(env.seen.maxInMemory).toBeLessThanOrEqual(10 * MB)
    expect(env.seen.maxReserved).toBeLessThanOrEqual(10 * MB)
    expect(await listLeftovers(env)).toEqual({ files: [], reserved: 0 })
  })

  test(`${name}: reserves no memory for a provider that does not respond`, async () => {
    await using env = await openStoreEnv(openStore, 10 * MB)
    fake.setBehavior({ fileBytes: 4 * MB, files: { 0: { kind: 'hang' } } })
    const [silent, ...others] = await generateOutputs(4)
    const controller = new AbortController()
    const hung = storeOutput(env.deps, TARGET, silent as DownloadableOutput, controller.signal).catch(() => 'ended')
    await fake.waitForRequests(log => log.filesInFlight === 1)
    const stored = await Promise.all(others.map(output => storeOutput(env.deps, TARGET, output, neverAborted)))
    expect(stored).toHaveLength(3)
    expect(env.deps.budget.reserved).toBe(0)
    controller.abort(new Error('over'))
    expect(await hung).toBe('ended')
  })

  test(`${name}: decodes a large image from its file, and stores its previews beside it`, async () => {
    await using env = await openStoreEnv(openStore)
    fake.setBehavior({ fileBytes: 12 * MB })
    const [output] = await generateOutputs(1)
    const stored = await storeOutput(env.deps, TARGET, output as DownloadableOutput, neverAborted)
    expect(stored).toMatchObject({ kind: 'image', width: 64, height: 48, duration: null, mimeType: 'image/png' })
    expect(await Array.fromAsync(env.store.list('w/'))).toHaveLength(3)
    expect(await computeHash(env.store, stored.key)).toBe(stored.sha256)
  })

  test(`${name}: leaves nothing when it is aborted during the fetch`, async () => {
    await using env = await openStoreEnv(openStore)
    fake.setBehavior({ fileType: 'mp4', fileBytes: 30 * MB, files: { '*': { kind: 'stall' } } })
    const outputs = await generateOutputs(3)
    const controller = new AbortController()
    const ends = outputs.map(output => storeOutput(env.deps, TARGET, output, controller.signal).catch(error => error))
    await env.seen.written
    controller.abort(new Error('lease lost'))
    expect((await Promise.all(ends)).map(({ message }) => message)).toEqual(Array(3).fill('lease lost'))
    expect(await listLeftovers(env)).toEqual({ files: [], reserved: 0 })
    expect(await Array.fromAsync(env.store.list(''))).toEqual([])
  })
}

test('leaves no object and no file when it is aborted during a put', async () => {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(startFaultProxy(strict))
  const bucket = stack.use(await createTestBucket(strict))
  const store = openS3Store({ ...bucket.options, ...proxy.endpoint })
  const env = stack.use(await openStoreEnv(async () => ({ store, [Symbol.asyncDispose]: async () => {} })))
  const controller = new AbortController()
  proxy.intercept = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  fake.setBehavior({ fileType: 'webm', fileBytes: 30 * MB })
  const [output] = await generateOutputs(1)
  const storing = storeOutput(env.deps, TARGET, output as DownloadableOutput, controller.signal)
  await expect(storing).rejects.toThrow('lease lost')
  expect(await listLeftovers(env)).toEqual({ files: [], reserved: 0 })
  expect(await Array.fromAsync(bucket.store.list(''))).toEqual([])
})

test('fetches nothing while it waits for memory, and ends when it is aborted', async () => {
  await using env = await openStoreEnv(openOnDisk)
  using _all = await env.deps.budget.reserve(BUDGET, neverAborted)
  const controller = new AbortController()
  const [output] = await generateOutputs(1)
  const storing = storeOutput(env.deps, TARGET, output as DownloadableOutput, controller.signal)
  controller.abort(new Error('stopping'))
  await expect(storing).rejects.toThrow('stopping')
  expect(fake.requestLog.files).toEqual([])
})

test('aborts the other puts when one fails', async () => {
  await using env = await openStoreEnv(openOnDisk)
  const stopped = Promise.withResolvers<unknown>()
  const put: Store['put'] = (key, _body, { signal }) => {
    if (key.endsWith('.w320.webp')) return Promise.reject(new Error('full'))
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    signal.addEventListener('abort', () => stopped.resolve(signal.reason), { once: true })
    return promise
  }
  const [output] = await generateOutputs(1)
  const deps = { ...env.deps, store: { ...env.store, put } }
  const error = await storeOutput(deps, TARGET, output as DownloadableOutput, neverAborted).catch(error => error)
  expect([error.failure, error.cause.message]).toEqual(['store', 'full'])
  expect(await stopped.promise).toBe(error.cause)
})

/** The class of failure of a large file, by fault. */
const FAULTS: readonly (readonly [fault: FileFault, end: string, limits?: Partial<typeof LIMITS>])[] = [
  [{ kind: 'status', status: 500 }, 'retryable'],
  [{ kind: 'status', status: 429 }, 'retryable'],
  [{ kind: 'status', status: 403 }, 'gone'],
  [{ kind: 'status', status: 404 }, 'gone'],
  [{ kind: 'status', status: 410 }, 'gone'],
  [{ kind: 'truncated' }, 'retryable'],
  [{ kind: 'cut-without-length' }, 'retryable'],
  [{ kind: 'cut-in-chunks' }, 'retryable'],
  [{ kind: 'in-chunks' }, 'stored'],
  [{ kind: 'wrong-type' }, 'stored'],
  [{ kind: 'html' }, 'unusable'],
  [{ kind: 'garbage' }, 'unusable'],
  [{ kind: 'endless' }, 'unusable'],
  [{ kind: 'drip' }, 'retryable', { deadlineMs: 300 }],
  [{ kind: 'stall' }, 'retryable', { idleTimeoutMs: 300 }],
  [{ kind: 'hang' }, 'retryable', { idleTimeoutMs: 300 }],
  [{ kind: 'redirect' }, 'refused'],
]

for (const fileType of ['png', 'mp4', 'webm'] as const) {
  for (const [fault, end, limits] of FAULTS) {
    test(`a large ${fileType}: ${fault.kind} ${fault.status ?? ''} ends as ${end} and leaves nothing else`, async () => {
      await using env = await openStoreEnv(openOnDisk)
      fake.setBehavior({ fileType, fileBytes: 11 * MB, files: { '*': fault } })
      const [output] = await generateOutputs(1)
      const deps = { ...env.deps, limits: { ...LIMITS, ...limits } }
      const ended = await storeOutput(deps, TARGET, output as DownloadableOutput, neverAborted).then(
        () => 'stored',
        error => (error instanceof StoreOutputError ? error.failure : String(error)),
      )
      expect(ended).toBe(end)
      expect(await listLeftovers(env)).toEqual({ files: [], reserved: 0 })
      expect((await Array.fromAsync(env.store.list(''))).length > 0).toBe(end === 'stored')
    })
  }
}

interface StoreEnv extends AsyncDisposable {
  store: Store
  deps: StoreOutputDeps & { budget: ByteBudget }
  spoolDirectory: string
  seen: Observed
}

/** Highest values during a test, in bytes. */
interface Observed {
  /** Bytes reserved from the budget. */
  maxReserved: number
  /** Bytes of outputs that are put from memory. */
  maxInMemory: number
  /** Resolves when a chunk has been written to a file. */
  written: Promise<void>
}

type OpenStore = () => Promise<{ store: Store } & AsyncDisposable>

async function openStoreEnv(openStore: OpenStore, budgetBytes = BUDGET): Promise<StoreEnv> {
  const stack = new AsyncDisposableStack()
  const opened = stack.use(await openStore())
  const spoolDirectory = stack.use(await createTestDirectory()).path
  const written = Promise.withResolvers<void>()
  const budget = createByteBudget(budgetBytes)
  const seen: Observed = { maxReserved: 0, maxInMemory: 0, written: written.promise }
  const store = watchStore(opened.store, bytes => {
    seen.maxInMemory = Math.max(seen.maxInMemory, bytes)
    seen.maxReserved = Math.max(seen.maxReserved, budget.reserved)
  })
  const spool = watchSpool(await openSpool({ directory: spoolDirectory }), () => {
    seen.maxReserved = Math.max(seen.maxReserved, budget.reserved)
    written.resolve()
  })
  const images = stack.use(openTestDecoder())
  const deps = { store, images, allowOrigins: [fake.url], budget, spool, limits: LIMITS }
  return { store, deps, spoolDirectory, seen, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Wraps a store so that `onPut` is called with the bytes of outputs that are being put from memory. */
function watchStore(store: Store, onPut: (bytes: number) => void): Store {
  let inMemory = 0
  const sizeOf = (key: string, body: Body) =>
    body instanceof Uint8Array && !key.endsWith('.webp') ? body.byteLength : 0
  return {
    ...store,
    put: async (key, body, options) => {
      inMemory += sizeOf(key, body)
      onPut(inMemory)
      return await store.put(key, body, options).finally(() => {
        inMemory -= sizeOf(key, body)
      })
    },
  }
}

function watchSpool(spool: Spool, onWritten: () => void): Spool {
  async function* watchChunks(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk
      onWritten()
    }
  }
  return { write: chunks => spool.write(watchChunks(chunks)) }
}

async function openOnDisk() {
  const directory = await createTestDirectory()
  const store = await openDiskStore({ root: join(directory.path, 'objects') })
  return { store, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}

async function openOnS3() {
  return await createTestBucket(strict)
}

async function listLeftovers({ spoolDirectory, deps }: StoreEnv) {
  return { files: await readdir(spoolDirectory), reserved: deps.budget.reserved }
}

async function generateOutputs(count: number): Promise<DownloadableOutput[]> {
  const adapter = createTestAdapter(fake)
  const indices = Array.from({ length: count }, (_, index) => index)
  return await readFinishedOutputs(adapter, await submitRequest(adapter, { ...REQUEST, indices }))
}

async function computeHash(store: Store, key: string): Promise<string> {
  const hash = new Bun.CryptoHasher('sha256')
  for await (const chunk of new Response((await store.get(key))?.body).body ?? []) hash.update(chunk)
  return hash.digest('hex')
}
