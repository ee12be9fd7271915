import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { objectKeys } from '@darkroom/contracts/previews'
import type { Database } from '@darkroom/infra/database/connection'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { getGenerationFolder, scheduleRemovals } from '@darkroom/infra/generations/object-removals'
import { openStore } from '@darkroom/infra/store/open-store'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import {
  countRows,
  createPurgeEnv,
  createReferenceKey,
  deleteOutput,
  endSubmission,
  listObjects,
  listReferencedObjects,
  log,
  metrics,
  openPurgeDatabase,
  restoreOutput,
  startPurges,
  storeObject,
  trashGeneration,
  waitUntil,
} from './purge-env.fixture.ts'
import { purgeGenerations, purgeOutputs, purgeReferences } from './purge-rows.ts'
import { isReferenced } from './removal-rows.ts'
import { removeNextObjects } from './remove-objects.ts'

const stack = new AsyncDisposableStack()
let database: Database
let store: Store

beforeAll(async () => {
  database = await openPurgeDatabase(stack)
  store = await openStore({ DATA_DIR: stack.use(await createTestDirectory()).path })
})
afterAll(() => stack.disposeAsync())
afterEach(async () => {
  await database`truncate generations, reference_images, object_removals, outbox cascade`
})

test('makes the store of an object wait for its removal, after which it is stored', async () => {
  const env = createPurgeEnv(database, store)
  const key = createReferenceKey(env, 'a')
  await storeObject(env, key)
  await transaction(database, tx => scheduleRemovals(tx, [key], 0))
  const [removing, mayRemove] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const remove: Store['remove'] = async key => {
    removing.resolve()
    await mayRemove.promise
    await env.store.remove(key)
  }
  const removed = removeNextObjects({ ...env, store: { ...env.store, remove }, log, metrics })
  await removing.promise
  let isStored = false
  const stored = storeObject(env, key).then(() => {
    isStored = true
  })
  await waitUntil(async () => isStored || (await isWaitingForLock()))
  mayRemove.resolve()
  await Promise.all([removed, stored])
  expect(await env.store.head(key)).not.toBeNull()
})

test('postpones a failed removal, and removes the other objects', async () => {
  const env = createPurgeEnv(database, store)
  await transaction(database, tx => scheduleRemovals(tx, ['a', 'b'], 0))
  const removedKeys: string[] = []
  const remove: Store['remove'] = async key => {
    removedKeys.push(key)
    if (key === 'a') throw new StoreError('away')
  }
  const deps = { ...env, store: { ...env.store, remove }, log, metrics }
  while (await removeNextObjects(deps));
  expect(removedKeys.toSorted()).toEqual(['a', 'b'])
  expect([...(await database`select key, remove_after > now() as later from object_removals`)]).toEqual([
    { key: 'a', later: true },
  ])
})

test('purges only ended generations that were in the trash for long enough, with all their rows', async () => {
  const env = createPurgeEnv(database, store)
  const [retained, fresh, working, old] = await Promise.all(
    [1, 2, 3, 4].map(() => endSubmission(env, { images: ['a'] })),
  )
  await trashGeneration(env, fresh, 29)
  await trashGeneration(env, working)
  await trashGeneration(env, old)
  await database`update generations set status = 'uploading' where id = ${working ?? null}`
  const stop = startPurges(env, 1)
  await waitUntil(async () => (await countRows(env, 'generations')) === 3)
  await stop()
  const left = await database<{ id: string }[]>`select id from generations order by id`
  expect(left.map(({ id }) => id)).toEqual([retained, fresh, working].flatMap(id => id ?? []).toSorted())
  for (const table of ['generation_jobs', 'generation_outputs', 'generation_references'])
    expect(await countRows(env, table)).toBe(3)
  expect(await countRows(env, 'object_removals')).toBe(4)
  await database`update generations set status = 'failed' where id = ${working ?? null}`
  // The database may still be rolling back what the stop has broken off, whose locked rows are left out.
  await waitUntil(async () => (await transaction(database, tx => purgeGenerations(tx, 30, { limit: 9 }))) > 0)
  expect(await countRows(env, 'generations')).toBe(2)
})

test('removes all objects of a purged generation, including those of a worker that died', async () => {
  const env = createPurgeEnv(database, store)
  const [retained, old] = await Promise.all([1, 2].map(() => endSubmission(env, { images: [] })))
  for (const id of [retained, old]) await storeObject(env, `w/${env.workspaceId}/gen/${id}/7/0.webp`)
  await trashGeneration(env, old)
  await transaction(database, tx => purgeGenerations(tx, 30, { limit: 9, removeAfterSeconds: 0 }))
  expect([...(await database`select payload from outbox`)]).toEqual([
    { payload: { v: 1, type: 'generation.changed', id: old } },
  ])
  while (await removeNextObjects({ ...env, log, metrics }));
  const left = await listObjects(env)
  expect(left).toHaveLength(6)
  expect(left.filter(key => !key.includes(`/${retained}/`))).toEqual([])
})

test('removes the objects of an output that was deleted long enough ago, and nothing else of its generation', async () => {
  const env = createPurgeEnv(database, store)
  const [fresh, old, restored] = await Promise.all([1, 2, 3].map(() => endSubmission(env, { images: [] })))
  await deleteOutput(env, fresh, 29)
  await deleteOutput(env, old)
  await deleteOutput(env, restored)
  await restoreOutput(env, restored)
  const purge = () => transaction(database, tx => purgeOutputs(tx, 30, { limit: 9, removeAfterSeconds: 0 }))
  await database`update generation_jobs set lease_until = now() + interval '1 min' where generation_id = ${old ?? null}`
  expect(await purge()).toBe(0)
  await database`update generation_jobs set lease_until = null`
  expect([await purge(), await purge()]).toEqual([1, 0])
  while (await removeNextObjects({ ...env, log, metrics }));
  const left = await listObjects(env)
  expect(left.filter(key => key.includes(`/${old}/`))).toEqual([])
  expect(left).toEqual(await listReferencedObjects(env))
  expect(left).toHaveLength(6)
  const rows = await database`
    select state, key is null as "isRemoved", deleted_from as "from" from generation_outputs where generation_id = ${old ?? null}`
  expect([...rows]).toEqual([{ state: 'deleted', isRemoved: true, from: null }])
  const published = await database`
    select payload ->> 'id' as id, document::json -> 'outputs' -> 0 -> 'error' ->> 'code' as error, (document::json -> 'version')::text as version
    from outbox join generation_documents on generation_id::text = payload ->> 'id'`
  expect([...published]).toEqual([{ id: old, error: 'purged', version: '2' }])
})

test('does not remove the folder of an existing generation', async () => {
  const env = createPurgeEnv(database, store)
  const id = await endSubmission(env, { images: [] })
  await transaction(database, tx => scheduleRemovals(tx, [getGenerationFolder({ ...env, id })], 0))
  while (await removeNextObjects({ ...env, log, metrics }));
  expect(await listObjects(env)).toHaveLength(3)
  expect(await countRows(env, 'object_removals')).toBe(0)
})

test('retains an unreferenced reference image for a day', async () => {
  const env = createPurgeEnv(database, store)
  await trashGeneration(env, await endSubmission(env, { images: ['a', 'b'] }))
  await database`update reference_images set created_at = now() - interval '23 hours' where key = ${createReferenceKey(env, 'b')}`
  await transaction(database, tx => purgeGenerations(tx, 30, { limit: 9 }))
  await transaction(database, tx => purgeReferences(tx, { limit: 9 }))
  const left = await database<{ key: string }[]>`select key from reference_images`
  expect(left.map(({ key }) => key)).toEqual([createReferenceKey(env, 'b')])
})

test('finds the references to objects with any key, and to previews by their original', async () => {
  const env = createPurgeEnv(database, store)
  await endSubmission(env, { images: ['a'] })
  await database`update generation_outputs set key = 'older/system.png'`
  const named = ['older/system.png', 'older/system.w320.webp', ...objectKeys(createReferenceKey(env, 'a'))]
  const unnamed = [
    'older/system.jpg',
    'older/other.png',
    'older/other.w320.webp',
    ...objectKeys(createReferenceKey(env, 'b')),
  ]
  for (const key of named) expect(await isReferenced(database, key)).toBe(true)
  for (const key of unnamed) expect(await isReferenced(database, key)).toBe(false)
})

async function isWaitingForLock(): Promise<boolean> {
  const waiting = await database`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return waiting.length > 0
}

test('purges nothing in a restored copy until it has taken over', async () => {
  const env = createPurgeEnv(database, store)
  const id = await endSubmission(env, { images: [] })
  await trashGeneration(env, id)
  await database`update generations set deleted_at = now() - interval '31 days' where id = ${id}`
  await database`update studio set mode = 'restored'`
  const purge = () => transaction(database, tx => purgeGenerations(tx, 30, { limit: 10 }))
  expect(await purge()).toBe(0)
  await takeOver(database)
  expect(await purge()).toBe(1)
})
