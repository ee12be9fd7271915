import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openDisk } from '@darkroom/infra/store/disk'
import { openS3 } from '@darkroom/infra/store/s3/s3'
import type { Body, Store } from '@darkroom/infra/store/store'
import type { FileFault } from '@darkroom/infra/testing/fake-provider/behavior'
import { startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { startFaultProxy, startStrictS3, testBucket } from '@darkroom/infra/testing/s3/s3-server'
import { testDirectory } from '@darkroom/infra/testing/test-resources'
import { accepted, finished, never, providerOf, REQUEST } from '../../testing/fake-env.ts'
import type { ProviderOutput } from '../providers/provider.ts'
import { openSpool, type Spool } from './spool.ts'
import { type KeepDeps, keepOutput } from './store-output.ts'
import { KeepError } from './store-output-error.ts'

const MB = 1_000_000
const BUDGET = 64 * MB
const KEEP = { workspaceId: 'w1', generationId: 'g1', attempt: 3 }
const LIMITS = {
  fetchMs: 60_000,
  stallMs: 30_000,
  bufferedBytes: 8 * MB,
  picture: { bytes: 20 * MB, pixels: 100 * MB },
  videoBytes: 80 * MB,
}

const servers = new AsyncDisposableStack()
const fake = servers.use(await startFakeProvider())
const strict = servers.use(await startStrictS3()).endpoint
afterAll(() => servers.disposeAsync())
beforeEach(() => fake.reset())
afterEach(async () => await fake.until(journal => journal.filesInFlight === 0))

const STORES = { disk: openOnDisk, s3: openOnS3 } as const

for (const [name, openStore] of Object.entries(STORES)) {
  test(`${name}: eight of 50 MB at once are kept whole, and no more of them is in memory than is allowed`, async () => {
    await using place = await openPlace(openStore)
    fake.set({ fileType: 'mp4', fileBytes: 50 * MB })
    const outputs = await outputsOf(8)
    const kept = await Promise.all(outputs.map(output => keepOutput(place.deps, KEEP, output, never)))
    for (const { key, bytes, sha256, mimeType } of kept) {
      expect(key).toMatch(/^w\/w1\/gen\/g1\/3\/\d\.mp4$/)
      expect([mimeType, bytes > 45 * MB]).toEqual(['video/mp4', true])
      expect(await hashOf(place.store, key)).toBe(sha256)
    }
    expect(fake.journal.maxFilesInFlight).toBe(8)
    expect(place.seen.mostTaken).toBeLessThanOrEqual(BUDGET)
    expect(place.seen.mostInMemory).toBe(0)
    expect(await leftIn(place)).toEqual({ files: [], taken: 0 })
  }, 60_000)

  test(`${name}: of small ones no more is in memory than is allowed, and all of them are kept`, async () => {
    await using place = await openPlace(openStore, 10 * MB)
    fake.set({ fileBytes: 4 * MB })
    const outputs = await outputsOf(8)
    const kept = await Promise.all(outputs.map(output => keepOutput(place.deps, KEEP, output, never)))
    expect(new Set(kept.map(({ key }) => key)).size).toBe(8)
    expect(place.seen.mostInMemory).toBeGreaterThan(3 * MB)
    expect(place.seen.mostInMemory).toBeLessThanOrEqual(10 * MB)
    expect(place.seen.mostTaken).toBeLessThanOrEqual(10 * MB)
    expect(await leftIn(place)).toEqual({ files: [], taken: 0 })
  }, 30_000)

  test(`${name}: a provider that does not answer keeps no memory from the others`, async () => {
    await using place = await openPlace(openStore, 10 * MB)
    fake.set({ fileBytes: 4 * MB, files: { 0: { kind: 'hang' } } })
    const [silent, ...others] = await outputsOf(4)
    const controller = new AbortController()
    const hung = keepOutput(place.deps, KEEP, silent as ProviderOutput, controller.signal).catch(() => 'ended')
    await fake.until(journal => journal.filesInFlight === 1)
    const kept = await Promise.all(others.map(output => keepOutput(place.deps, KEEP, output, never)))
    expect(kept).toHaveLength(3)
    expect(place.deps.budget.taken).toBe(0)
    controller.abort(new Error('over'))
    expect(await hung).toBe('ended')
  }, 30_000)

  test(`${name}: a large picture is decoded from its file, and its previews lie beside it`, async () => {
    await using place = await openPlace(openStore)
    fake.set({ fileBytes: 12 * MB })
    const [output] = await outputsOf(1)
    const kept = await keepOutput(place.deps, KEEP, output as ProviderOutput, never)
    expect(kept).toMatchObject({ kind: 'image', width: 64, height: 48, duration: null, mimeType: 'image/png' })
    expect(await Array.fromAsync(place.store.list('w/'))).toHaveLength(3)
    expect(await hashOf(place.store, kept.key)).toBe(kept.sha256)
  }, 20_000)

  test(`${name}: one that is wanted no more while it is fetched leaves nothing`, async () => {
    await using place = await openPlace(openStore)
    fake.set({ fileType: 'mp4', fileBytes: 30 * MB, files: { '*': { kind: 'stall' } } })
    const outputs = await outputsOf(3)
    const controller = new AbortController()
    const ends = outputs.map(output => keepOutput(place.deps, KEEP, output, controller.signal).catch(error => error))
    await place.seen.written
    controller.abort(new Error('lease lost'))
    expect((await Promise.all(ends)).map(({ message }) => message)).toEqual(Array(3).fill('lease lost'))
    expect(await leftIn(place)).toEqual({ files: [], taken: 0 })
    expect(await Array.fromAsync(place.store.list(''))).toEqual([])
  }, 20_000)
}

test('one that is wanted no more while it is put leaves nothing under its key and no file', async () => {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(startFaultProxy(strict))
  const bucket = stack.use(await testBucket(strict))
  const store = openS3({ ...bucket.options, ...proxy.endpoint })
  const place = stack.use(await openPlace(async () => ({ store, [Symbol.asyncDispose]: async () => {} })))
  const controller = new AbortController()
  proxy.fault = () => {
    controller.abort(new Error('lease lost'))
    return new Promise(() => {})
  }
  fake.set({ fileType: 'webm', fileBytes: 30 * MB })
  const [output] = await outputsOf(1)
  const keeping = keepOutput(place.deps, KEEP, output as ProviderOutput, controller.signal)
  await expect(keeping).rejects.toThrow('lease lost')
  expect(await leftIn(place)).toEqual({ files: [], taken: 0 })
  expect(await Array.fromAsync(bucket.store.list(''))).toEqual([])
}, 20_000)

test('one that waits for its share of the memory fetches nothing, and goes when it is wanted no more', async () => {
  await using place = await openPlace(openOnDisk)
  using _all = await place.deps.budget.take(BUDGET, never)
  const controller = new AbortController()
  const [output] = await outputsOf(1)
  const keeping = keepOutput(place.deps, KEEP, output as ProviderOutput, controller.signal)
  controller.abort(new Error('stopping'))
  await expect(keeping).rejects.toThrow('stopping')
  expect(fake.journal.files).toEqual([])
})

test('where one of the objects cannot be put, the others are not gone on with', async () => {
  await using place = await openPlace(openOnDisk)
  const stopped = Promise.withResolvers<unknown>()
  const put: Store['put'] = (key, _body, { signal }) => {
    if (key.endsWith('.w320.webp')) return Promise.reject(new Error('full'))
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    signal.addEventListener('abort', () => stopped.resolve(signal.reason), { once: true })
    return promise
  }
  const [output] = await outputsOf(1)
  const deps = { ...place.deps, store: { ...place.store, put } }
  const error = await keepOutput(deps, KEEP, output as ProviderOutput, never).catch(error => error)
  expect([error.failure, error.cause.message]).toEqual(['store', 'full'])
  expect(await stopped.promise).toBe(error.cause)
})

/** What becomes of a large file of which something is wrong. */
const FAULTS: readonly (readonly [fault: FileFault, end: string, limits?: Partial<typeof LIMITS>])[] = [
  [{ kind: 'status', status: 500 }, 'retryable'],
  [{ kind: 'status', status: 429 }, 'retryable'],
  [{ kind: 'status', status: 403 }, 'gone'],
  [{ kind: 'status', status: 404 }, 'gone'],
  [{ kind: 'status', status: 410 }, 'gone'],
  [{ kind: 'truncated' }, 'retryable'],
  [{ kind: 'cut-without-length' }, 'retryable'],
  [{ kind: 'cut-in-chunks' }, 'retryable'],
  [{ kind: 'in-chunks' }, 'kept'],
  [{ kind: 'wrong-type' }, 'kept'],
  [{ kind: 'html' }, 'unfit'],
  [{ kind: 'garbage' }, 'unfit'],
  [{ kind: 'endless' }, 'unfit'],
  [{ kind: 'drip' }, 'retryable', { fetchMs: 300 }],
  [{ kind: 'stall' }, 'retryable', { stallMs: 300 }],
  [{ kind: 'hang' }, 'retryable', { stallMs: 300 }],
  [{ kind: 'redirect' }, 'unfit'],
]

for (const fileType of ['png', 'mp4', 'webm'] as const) {
  for (const [fault, end, limits] of FAULTS) {
    test(`a large ${fileType}: ${fault.kind} ${fault.status ?? ''} ends as ${end} and leaves nothing else`, async () => {
      await using place = await openPlace(openOnDisk)
      fake.set({ fileType, fileBytes: 11 * MB, files: { '*': fault } })
      const [output] = await outputsOf(1)
      const deps = { ...place.deps, limits: { ...LIMITS, ...limits } }
      const ended = await keepOutput(deps, KEEP, output as ProviderOutput, never).then(
        () => 'kept',
        error => (error instanceof KeepError ? error.failure : String(error)),
      )
      expect(ended).toBe(end)
      expect(await leftIn(place)).toEqual({ files: [], taken: 0 })
      expect((await Array.fromAsync(place.store.list(''))).length > 0).toBe(end === 'kept')
    }, 20_000)
  }
}

interface Place extends AsyncDisposable {
  store: Store
  deps: KeepDeps
  spoolDirectory: string
  seen: Seen
}

interface Seen {
  /** Bytes of the budget. */
  mostTaken: number
  /** Bytes of outputs that were being put from memory. */
  mostInMemory: number
  /** Resolves when something has been written to a file. */
  written: Promise<void>
}

type OpenStore = () => Promise<{ store: Store } & AsyncDisposable>

async function openPlace(openStore: OpenStore, budgetBytes = BUDGET): Promise<Place> {
  const stack = new AsyncDisposableStack()
  const opened = stack.use(await openStore())
  const spoolDirectory = stack.use(await testDirectory()).path
  const written = Promise.withResolvers<void>()
  const budget = createByteBudget(budgetBytes)
  const seen: Seen = { mostTaken: 0, mostInMemory: 0, written: written.promise }
  const store = watched(opened.store, bytes => {
    seen.mostInMemory = Math.max(seen.mostInMemory, bytes)
    seen.mostTaken = Math.max(seen.mostTaken, budget.taken)
  })
  const spool = watchedSpool(await openSpool({ directory: spoolDirectory }), () => {
    seen.mostTaken = Math.max(seen.mostTaken, budget.taken)
    written.resolve()
  })
  const deps = { store, allowOrigins: [fake.url], budget, spool, limits: LIMITS }
  return { store, deps, spoolDirectory, seen, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A store of which it is known how many bytes of outputs it is being given from memory. */
function watched(store: Store, look: (bytes: number) => void): Store {
  let inMemory = 0
  const sizeOf = (key: string, body: Body) =>
    body instanceof Uint8Array && !key.endsWith('.webp') ? body.byteLength : 0
  return {
    ...store,
    put: async (key, body, options) => {
      inMemory += sizeOf(key, body)
      look(inMemory)
      return await store.put(key, body, options).finally(() => {
        inMemory -= sizeOf(key, body)
      })
    },
  }
}

function watchedSpool(spool: Spool, onPiece: () => void): Spool {
  async function* told(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk
      onPiece()
    }
  }
  return { write: chunks => spool.write(told(chunks)) }
}

async function openOnDisk() {
  const directory = await testDirectory()
  const store = await openDisk({ root: join(directory.path, 'objects') })
  return { store, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}

async function openOnS3() {
  return await testBucket(strict)
}

async function leftIn({ spoolDirectory, deps }: Place) {
  return { files: await readdir(spoolDirectory), taken: deps.budget.taken }
}

async function outputsOf(count: number): Promise<ProviderOutput[]> {
  const provider = providerOf(fake)
  const indices = Array.from({ length: count }, (_, index) => index)
  return await finished(provider, await accepted(provider, { ...REQUEST, indices }))
}

async function hashOf(store: Store, key: string): Promise<string> {
  const hash = new Bun.CryptoHasher('sha256')
  for await (const chunk of new Response((await store.get(key))?.body).body ?? []) hash.update(chunk)
  return hash.digest('hex')
}
