import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { objectsOf } from '@darkroom/contracts/previews'
import { type Database, transaction } from '@darkroom/infra/database/connection'
import { openStore } from '@darkroom/infra/store/open-store'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { testDirectory } from '@darkroom/infra/testing/test-resources'
import {
  becomes,
  countOf,
  endSubmission,
  keyOf,
  log,
  measures,
  newWorld,
  objectsIn,
  openPurgeDatabase,
  startPurges,
  storeAnew,
  trash,
} from './purge-env.fixture.ts'
import { purgeGenerations, purgeReferences } from './purge-rows.ts'
import { folderOf, isReferredTo, listRemovals } from './removal-rows.ts'
import { removeNext } from './remove-objects.ts'

// On a busy machine the first start of Postgres takes its time.
const START_MS = 60_000
const stack = new AsyncDisposableStack()
let database: Database
let store: Store

beforeAll(async () => {
  database = await openPurgeDatabase(stack)
  store = await openStore({ DATA_DIR: stack.use(await testDirectory()).path })
}, START_MS)
afterAll(() => stack.disposeAsync())
afterEach(async () => {
  await database`truncate generations, reference_images, object_removals, outbox cascade`
})

test('whoever stores an object that is being removed waits for it, and has stored it in the end', async () => {
  const world = newWorld(database, store)
  const key = keyOf(world, 'a')
  await storeAnew(world, key)
  await transaction(database, tx => listRemovals(tx, [key], 0))
  const [removing, mayRemove] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const remove: Store['remove'] = async key => {
    removing.resolve()
    await mayRemove.promise
    await world.store.remove(key)
  }
  const removed = removeNext({ ...world, store: { ...world.store, remove }, log, measures })
  await removing.promise
  let isStored = false
  const stored = storeAnew(world, key).then(() => {
    isStored = true
  })
  await becomes(async () => isStored || (await waitsForLock()))
  mayRemove.resolve()
  await Promise.all([removed, stored])
  expect(await world.store.head(key)).not.toBeNull()
})

test('an object that cannot be removed now is removed later, and keeps no other waiting', async () => {
  const world = newWorld(database, store)
  await transaction(database, tx => listRemovals(tx, ['a', 'b'], 0))
  const asked: string[] = []
  const remove: Store['remove'] = async key => {
    asked.push(key)
    if (key === 'a') throw new StoreError('away')
  }
  const deps = { ...world, store: { ...world.store, remove }, log, measures }
  while (await removeNext(deps));
  expect(asked.toSorted()).toEqual(['a', 'b'])
  expect([...(await database`select key, remove_after > now() as later from object_removals`)]).toEqual([
    { key: 'a', later: true },
  ])
})

test('only what has been in the trash for long enough and is over is purged, with all that belongs to it', async () => {
  const world = newWorld(database, store)
  const [kept, fresh, working, old] = await Promise.all(
    [1, 2, 3, 4].map(() => endSubmission(world, { pictures: ['a'] })),
  )
  await trash(world, fresh, 29)
  await trash(world, working)
  await trash(world, old)
  await database`update generations set status = 'uploading' where id = ${working ?? null}`
  const stop = startPurges(world, 1)
  await becomes(async () => (await countOf(world, 'generations')) === 3)
  await stop()
  const left = await database<{ id: string }[]>`select id from generations order by id`
  expect(left.map(({ id }) => id)).toEqual([kept, fresh, working].flatMap(id => id ?? []).toSorted())
  for (const table of ['generation_jobs', 'generation_outputs', 'generation_references'])
    expect(await countOf(world, table)).toBe(3)
  expect(await countOf(world, 'object_removals')).toBe(4)
  await database`update generations set status = 'failed' where id = ${working ?? null}`
  await transaction(database, tx => purgeGenerations(tx, 30, { limit: 9 }))
  expect(await countOf(world, 'generations')).toBe(2)
})

test('of a generation that is purged nothing stays, not even what a worker left that died in the middle', async () => {
  const world = newWorld(database, store)
  const [kept, old] = await Promise.all([1, 2].map(() => endSubmission(world, { pictures: [] })))
  for (const id of [kept, old]) await storeAnew(world, `w/${world.workspaceId}/gen/${id}/7/0.webp`)
  await trash(world, old)
  await transaction(database, tx => purgeGenerations(tx, 30, { limit: 9, removeAfterSeconds: 0 }))
  while (await removeNext({ ...world, log, measures }));
  const left = await objectsIn(world)
  expect(left).toHaveLength(6)
  expect(left.filter(key => !key.includes(`/${kept}/`))).toEqual([])
})

test('a folder whose generation is there is left alone', async () => {
  const world = newWorld(database, store)
  const id = await endSubmission(world, { pictures: [] })
  await transaction(database, tx => listRemovals(tx, [folderOf({ ...world, id })], 0))
  while (await removeNext({ ...world, log, measures }));
  expect(await objectsIn(world)).toHaveLength(3)
  expect(await countOf(world, 'object_removals')).toBe(0)
})

test('a picture that nobody refers to stays for a day', async () => {
  const world = newWorld(database, store)
  await trash(world, await endSubmission(world, { pictures: ['a', 'b'] }))
  await database`update reference_images set created_at = now() - interval '23 hours' where key = ${keyOf(world, 'b')}`
  await transaction(database, tx => purgeGenerations(tx, 30, { limit: 9 }))
  await transaction(database, tx => purgeReferences(tx, { limit: 9 }))
  const left = await database<{ key: string }[]>`select key from reference_images`
  expect(left.map(({ key }) => key)).toEqual([keyOf(world, 'b')])
})

test('objects of any key are looked for before they go, and previews with their original', async () => {
  const world = newWorld(database, store)
  await endSubmission(world, { pictures: ['a'] })
  await database`update generation_outputs set key = 'older/system.png'`
  const named = ['older/system.png', 'older/system.w320.webp', ...objectsOf(keyOf(world, 'a'))]
  const unnamed = ['older/system.jpg', 'older/other.png', 'older/other.w320.webp', ...objectsOf(keyOf(world, 'b'))]
  for (const key of named) expect(await isReferredTo(database, key)).toBe(true)
  for (const key of unnamed) expect(await isReferredTo(database, key)).toBe(false)
})

async function waitsForLock(): Promise<boolean> {
  const waiting = await database`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return waiting.length > 0
}
