import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { objectKeys } from '@darkroom/contracts/previews'
import type { Database } from '@darkroom/infra/database/connection'
import { pauseRemovals, readStudioState, resumeRemovals } from '@darkroom/infra/database/studio-state'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { markStore } from '@darkroom/infra/store/studio-mark'
import { createTestBucket, type S3Server, startS3Server } from '@darkroom/infra/testing/s3/s3-server'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import { insertQueuedGeneration } from '../../queue/queued.fixture.ts'
import {
  beginSubmission,
  countRows,
  createPurgeEnv,
  createReferenceKey,
  endSubmission,
  listObjects,
  listReferencedObjects,
  log,
  makeRemovalsDue,
  metrics,
  openPurgeDatabase,
  type PurgeEnv,
  storeObject,
} from '../purge-env.fixture.ts'
import { createRemovalGuard } from '../removal-guard.ts'
import { isReferenced } from '../removal-rows.ts'
import { removeNextObjects } from '../remove-objects.ts'
import { CollectError, type CollectOptions, collectGarbage } from './collect-garbage.ts'
import { findUnnamed, readCutoff } from './garbage-rows.ts'
import { parseObjectKey } from './object-key.ts'
import { type SweepDeps, sweepNextPage } from './sweep.ts'

const HOUR_MS = 3_600_000
const stack = new AsyncDisposableStack()
let database: Database
let s3: S3Server

beforeAll(async () => {
  database = await openPurgeDatabase(stack)
  s3 = stack.use(await startS3Server('strict'))
})
afterAll(() => stack.disposeAsync())
afterEach(async () => {
  await database`truncate generations, reference_images, object_removals, outbox cascade`
  await database`update garbage_sweep set due_at = now(), cursor = null, listed = 0, scheduled = 0, bytes = 0`
  await database`update studio set mode = 'active', removals_paused_until = null`
})

for (const kind of ['disk', 's3'] as const) {
  test(`${kind}: removes what no row has named for a day, and nothing else`, async () => {
    await using env = await openEnv(kind)
    const finished = await endSubmission(env, await beginSubmission(env, ['a']))
    const running = await insertQueuedGeneration(database, { workspaceId: env.workspaceId })
    const orphans = [
      createOutputKey(env, finished, '2'),
      createOutputKey(env, Bun.randomUUIDv7(), '1-3'),
      createReferenceKey(env, 'b'),
    ]
    const others = [createOutputKey(env, running, '1'), `w/${env.workspaceId}/gen/seed/1/x.png`, 'of-another/x.png']
    for (const key of [...orphans, ...others]) await storeObject(env, key)
    expect(await sweep(env, { hours: 23 })).toEqual([])
    expect(await sweep(env, { hours: 25 })).toEqual(orphans.flatMap(objectKeys).toSorted())
    await removeDue(env)
    const left = await Array.fromAsync(env.store.list(''), ({ key }) => key)
    expect(left).toEqual([...others.flatMap(objectKeys), ...(await listReferencedObjects(env)), 'studio-id'].toSorted())
  })
}

test('takes the age of an object on disk from its file', async () => {
  await using env = await openEnv('disk')
  const [old, young] = [createReferenceKey(env, 'old'), createReferenceKey(env, 'young')]
  for (const key of [old, young]) await storeObject(env, key)
  const yesterday = new Date(Date.now() - 25 * HOUR_MS)
  await utimes(join(env.folder, 'objects', old), yesterday, yesterday)
  expect(await sweep(env, { hours: 0 })).toEqual([old])
})

test('retains an object that a row names between the two looks, or that is stored again', async () => {
  await using env = await openEnv('disk')
  const named = await beginSubmission(env, ['named'])
  for (const image of ['again', 'gone']) await storeObject(env, createReferenceKey(env, image))
  expect(await sweep(env, { hours: 25 })).toHaveLength(9)
  await endSubmission(env, named)
  await beginSubmission(env, ['again'])
  await removeDue(env)
  const left = (await listObjects(env)).filter(key => key.includes('/ref/'))
  expect(left).toEqual(['named', 'again'].flatMap(image => objectKeys(createReferenceKey(env, image))).toSorted())
})

test('removes nothing while a backup runs', async () => {
  await using env = await openEnv('disk')
  await storeObject(env, createReferenceKey(env, 'a'))
  await sweep(env, { hours: 25 })
  await pauseRemovals(database, 60)
  await removeDue(env)
  expect(await listObjects(env)).toHaveLength(3)
  await resumeRemovals(database)
  await removeDue(env)
  expect(await listObjects(env)).toEqual([])
})

test('a restored copy writes, schedules and removes nothing', async () => {
  await using env = await openEnv('disk')
  await storeObject(env, createReferenceKey(env, 'a'))
  await database`update studio set mode = 'restored'`
  expect(await sweep(env, { hours: 25 })).toEqual([])
  expect(await collect(env)).toMatch(/restored copy/)
  await database`insert into object_removals (key, remove_after) values (${createReferenceKey(env, 'a')}, now())`
  await removeDue(env)
  expect(await Array.fromAsync(env.store.list(''), ({ key }) => key)).toEqual(
    ['studio-id', ...objectKeys(createReferenceKey(env, 'a'))].toSorted(),
  )
})

test('two studios with one store remove nothing of each other', async () => {
  await using env = await openEnv('disk')
  await database`update studio set id = gen_random_uuid()`
  await storeObject(env, createReferenceKey(env, 'a'))
  expect(await sweep(env, { hours: 25 })).toEqual([])
  expect(await collect(env)).toMatch(/another studio/)
  const first = await new Response((await env.store.get('studio-id'))?.body).text()
  await database`update studio set id = ${first}`
  expect(await sweep(env, { hours: 25 })).toEqual([])
  expect(await collect(env)).toMatch(/Another studio/)
  // Nor what its own rows have named: the other's may name the same image.
  await database`insert into object_removals (key, remove_after) values (${createReferenceKey(env, 'a')}, now())`
  const mayRemove = createRemovalGuard({ ...env, log })
  expect(await removeNextObjects({ ...env, log, metrics, mayRemove })).toBe(false)
  expect(await listObjects(env)).toHaveLength(3)
  await database`truncate object_removals`
  expect(await countRows(env, 'object_removals')).toBe(0)
})

test('one of several processes makes the sweep, and the next is due on another day', async () => {
  await using env = await openEnv('disk')
  const key = createReferenceKey(env, 'a')
  await storeObject(env, key)
  let lists = 0
  const list: Store['list'] = (prefix, options) => {
    if (prefix === 'w/') lists++
    return env.store.list(prefix, options)
  }
  const deps = createDeps({ ...env, store: { ...env.store, list } }, { hours: 25 })
  await Promise.all(Array.from({ length: 4 }, () => sweepNextPage(deps)))
  expect(lists).toBe(1)
  expect(await countRows(env, 'object_removals')).toBe(3)
  const [{ hours } = { hours: 0 }] = await database<{ hours: number }[]>`
    select extract(epoch from due_at - now())::float / 3600 as hours from garbage_sweep`
  expect(hours).toBeGreaterThan(19)
  expect(hours).toBeLessThan(31)
})

test('goes on where a process that was killed has ended, page by page', async () => {
  await using env = await openEnv('disk')
  const running = await insertQueuedGeneration(database, { workspaceId: env.workspaceId })
  const orphans = Array.from({ length: 3 }, () => createOutputKey(env, crypto.randomUUID(), '1'))
  const others = Array.from({ length: 2_400 }, (_, at) => createOutputKey(env, running, String(at + 1)))
  const keys = [...orphans, ...others].toSorted()
  const seen: (string | undefined)[] = []
  // A process a page: each has only the row.
  const sweepPage = () =>
    sweepNextPage(createDeps({ ...env, store: createListStore(env.store, keys, seen) }, { hours: 25 }))
  expect([await sweepPage(), await sweepPage(), await sweepPage(), await sweepPage()]).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(seen).toEqual([undefined, keys[999], keys[1_999]])
  const scheduled = await database<{ key: string }[]>`select key from object_removals`
  expect(scheduled.map(({ key }) => key).toSorted()).toEqual(orphans.toSorted())
})

test('refuses a store of which rows name less than half, unless it is forced', async () => {
  await using env = await openEnv('disk')
  for (let at = 0; at < 60; at++) await storeObject(env, createReferenceKey(env, `orphan ${at}`))
  expect(await sweep(env, { hours: 25 })).toEqual([])
  expect(await collect(env)).toMatch(/More than half/)
  const text = await collect(env, { isForced: true })
  for (const line of [/^180 of 180 objects/m, /^They are removed/m]) expect(text).toMatch(line)
  expect(await listObjects(env)).toEqual([])
})

test('a dry run lists what would be removed, and changes nothing', async () => {
  await using env = await openEnv('disk')
  await storeObject(env, createReferenceKey(env, 'a'))
  await storeObject(env, `w/${env.workspaceId}/notes.txt`)
  const text = await collect(env, { isDryRun: true })
  for (const key of objectKeys(createReferenceKey(env, 'a'))) expect(text).toContain(key)
  expect(text).toMatch(/3 of 6 objects are named by no row/)
  expect(text).toMatch(/3 have keys that Darkroom does not make, and stay: w\/.*notes/)
  expect(await countRows(env, 'object_removals')).toBe(0)
  expect(await listObjects(env)).toHaveLength(6)
})

test('finds the same objects unnamed as the look at the moment of removal', async () => {
  await using env = await openEnv('disk')
  const ids = [await endSubmission(env, { images: ['a', 'b'] }), await endSubmission(env, { images: ['c'] })]
  const bases = [
    ...[...ids, Bun.randomUUIDv7()].flatMap(id => ['1', '2', '1-1'].map(attempt => createOutputKey(env, id, attempt))),
    ...['a', 'b', 'c', 'd'].map(image => createReferenceKey(env, image)),
    createReferenceKey({ ...env, workspaceId: crypto.randomUUID() }, 'a'),
  ]
  const keys = fc.constantFrom(...bases.flatMap(key => [...objectKeys(key), key.replace('.png', '.jpg')]))
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(keys, { minLength: 1, maxLength: 12 }), async chosen => {
      const unnamed = await findUnnamed(
        database,
        chosen.map(parseObjectKey).flatMap(key => key ?? []),
      )
      for (const key of chosen) expect([key, unnamed.has(key)]).toEqual([key, !(await isReferenced(database, key))])
    }),
    { numRuns: 40 },
  )
})

test('the age is a day, or twice the longest work on a generation', async () => {
  const hoursOf = async (maxSeconds: number) =>
    Math.round((Date.now() - (await readCutoff(database, { maxSeconds })).getTime()) / HOUR_MS)
  expect([await hoursOf(720), await hoursOf(86_400)]).toEqual([24, 48])
})

interface GarbageEnv extends PurgeEnv, AsyncDisposable {
  /** Data directory of a store on disk. */
  folder: string
}

async function openEnv(kind: 'disk' | 's3'): Promise<GarbageEnv> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await createTestDirectory()).path
  const store = kind === 's3' ? stack.use(await createTestBucket(s3.endpoint)).store : undefined
  const env = createPurgeEnv(database, store ?? (await openStore({ DATA_DIR: folder })))
  const { id } = await readStudioState(database)
  await markStore(env.store, { studioId: id, namesMost: async () => true })
  return { ...env, folder, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function createDeps({ store }: PurgeEnv, { hours }: { hours: number }): SweepDeps {
  return { database, store, log, metrics, maxSeconds: 720, aheadSeconds: hours * 3_600 }
}

/** Makes a whole sweep some hours from now. @returns the keys that are then to be removed */
async function sweep(env: PurgeEnv, time: { hours: number }): Promise<string[]> {
  await database`update garbage_sweep set due_at = now()`
  const deps = createDeps(env, time)
  while (await sweepNextPage(deps));
  const rows = await database<{ key: string }[]>`select key from object_removals`
  return rows.map(({ key }) => key).toSorted()
}

async function removeDue(env: PurgeEnv): Promise<void> {
  await makeRemovalsDue(env)
  while (await removeNextObjects({ ...env, log, metrics }));
}

/** Runs the command a day and an hour from now. @returns what it prints, its refusal included */
async function collect(env: PurgeEnv, given: Partial<CollectOptions> = {}): Promise<string> {
  const lines: string[] = []
  const deps = {
    ...createDeps(env, { hours: 25 }),
    store: env.store,
    metrics,
    signal: new AbortController().signal,
    print: (line: string) => void lines.push(line),
  }
  await collectGarbage(deps, { isDryRun: false, isForced: false, waitSeconds: 0, ...given }).catch(error => {
    if (!(error instanceof CollectError)) throw error
    lines.push(error.message)
  })
  return lines.join('\n')
}

function createOutputKey({ workspaceId }: PurgeEnv, generation: string, attempt: string): string {
  return `w/${workspaceId}/gen/${generation}/${attempt}/0.png`
}

/** Wraps a store: under `w/` it lists these keys. @param seen receives the keys behind which it was listed */
function createListStore(store: Store, keys: readonly string[], seen: (string | undefined)[]): Store {
  async function* list(prefix: string, options: { after?: string } = {}) {
    if (prefix !== 'w/') return yield* store.list(prefix, options)
    seen.push(options.after)
    for (const key of keys) if (key > (options.after ?? '')) yield { key, bytes: 1, lastModified: new Date(0) }
  }
  return { ...store, list }
}
