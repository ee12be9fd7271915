import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type Database, openDatabase, transaction } from '@darkroom/infra/database'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/open-store'
import { type Store, StoreError } from '@darkroom/infra/store'
import { startS3rver, testBucket } from '@darkroom/infra/store/s3-testing'
import { testDatabase, testDirectory } from '@darkroom/infra/testing'
import fc from 'fast-check'
import { createMeasures } from './measures.ts'
import {
  type Begun,
  beginSubmission,
  endSubmission,
  keyOf,
  type PurgeWorld,
  referredTo,
  storeAnew,
} from './purge.fixture.ts'
import { runPurge } from './purge.ts'
import { purgeGenerations, purgeReferences } from './purge-rows.ts'
import { isReferredTo, listRemovals, objectsOf } from './removal-rows.ts'
import { removeNext } from './remove-objects.ts'

const log = createLog({ service: 'test', level: 'silent' })
const measures = createMeasures(createMetrics('test'))
const stack = new AsyncDisposableStack()
// On a busy machine the first start of Postgres takes its time.
const START_MS = 60_000
const MANY = { limit: 50 }
const stores: Record<string, Store> = {}
let database: Database

beforeAll(async () => {
  const { url } = stack.use(await testDatabase())
  const directory = stack.use(await testDirectory())
  const server = stack.use(await startS3rver())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  stores.disk = await openStore({ DATA_DIR: directory.path })
  stores.s3 = stack.use(await testBucket(server.endpoint)).store
}, START_MS)
afterAll(() => stack.disposeAsync())
afterEach(async () => {
  await database`truncate generations, reference_images, object_removals, outbox cascade`
})

/** A picture is one of four, so that generations share them. */
const pictures = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 })
const does = fc.constantFrom(
  ...(['begin', 'end', 'trash', 'trash', 'restore', 'purge', 'sweep', 'hour', 'remove'] as const),
)
const steps = fc.array(fc.record({ does, pictures, place: fc.nat({ max: 20 }) }), { minLength: 10, maxLength: 40 })

interface Life extends PurgeWorld {
  /** Submissions that have looked for their pictures and have not written their rows. */
  begun: Begun[]
  ids: string[]
}

const STEPS = {
  begin: async (life: Life, { pictures }: Begun) => void life.begun.push(await beginSubmission(life, pictures)),
  end: async (life: Life) => {
    const begun = life.begun.shift()
    if (begun) life.ids.push(await endSubmission(life, begun))
  },
  trash: async ({ ids }: Life, _: Begun, place: number) => await trash(ids[place % ids.length]),
  restore: async ({ ids }: Life, _: Begun, place: number) =>
    void (await database`update generations set deleted_at = null where id = ${ids[place % ids.length] ?? null}`),
  purge: async () => void (await transaction(database, tx => purgeGenerations(tx, 30, MANY))),
  sweep: async () => void (await transaction(database, tx => purgeReferences(tx, MANY))),
  // What is to go stays for an hour, which no submission takes.
  hour: async (life: Life) => {
    if (life.begun.length === 0) await makeDue()
  },
  remove: async (life: Life) => {
    while (await removeNext({ ...life, log, measures }));
  },
}

describe.each(['disk', 's3'])('%s', name => {
  const live = async (all: { does: keyof typeof STEPS; pictures: string[]; place: number }[]) => {
    const life: Life = { ...worldOf(name), begun: [], ids: [] }
    for (const { does, pictures, place } of all) {
      await STEPS[does](life, { pictures }, place)
      expect(await objectsIn(life)).toEqual(expect.arrayContaining(await referredTo(life)))
    }
    await clear(life)
    expect(await objectsIn(life)).toEqual(await referredTo(life))
    for (const id of life.ids) await trash(id)
    await clear(life)
    expect(await objectsIn(life)).toEqual([])
  }
  test(
    'in whatever order things happen, nothing that is referred to goes, and in the end all else is gone',
    () => fc.assert(fc.asyncProperty(steps, live), { numRuns: name === 'disk' ? 40 : 8 }),
    START_MS,
  )
})

test('what is done by several at once, and beside new submissions, loses nothing', async () => {
  const world = worldOf('disk')
  const stop = startPurges(3)
  for (let rounds = 0; rounds < 3; rounds++) {
    // Between the submissions: none takes an hour.
    await makeDue()
    await Promise.all(['ab', 'bc', 'cd', 'da'].map(pair => submitAndTrash(world, [...pair])))
  }
  await becomes(async () => {
    await makeDue()
    return String(await objectsIn(world)) === String(await referredTo(world))
  })
  await stop()
  expect(await countOf('generations')).toBe(12)
})

/** Of ten generations one is kept. */
async function submitAndTrash(world: PurgeWorld, pictures: string[]): Promise<void> {
  await endSubmission(world, await beginSubmission(world, pictures))
  for (let times = 0; times < 9; times++) {
    await trash(await endSubmission(world, await beginSubmission(world, pictures)))
  }
}

test('whoever stores an object that is being removed waits for it, and has stored it in the end', async () => {
  const world = worldOf('disk')
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
  const world = worldOf('disk')
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
  const world = worldOf('disk')
  const [kept, fresh, working, old] = await Promise.all(
    [1, 2, 3, 4].map(() => endSubmission(world, { pictures: ['a'] })),
  )
  await trash(fresh, 29)
  await trash(working)
  await trash(old)
  await database`update generations set status = 'uploading' where id = ${working ?? null}`
  const stop = startPurges(1)
  await becomes(async () => (await countOf('generations')) === 3)
  await stop()
  const left = await database<{ id: string }[]>`select id from generations order by id`
  expect(left.map(({ id }) => id)).toEqual([kept, fresh, working].flatMap(id => id ?? []).toSorted())
  for (const table of ['generation_jobs', 'generation_outputs', 'generation_references'])
    expect(await countOf(table)).toBe(3)
  expect(await countOf('object_removals')).toBe(3)
  await database`update generations set status = 'failed' where id = ${working ?? null}`
  await STEPS.purge()
  expect(await countOf('generations')).toBe(2)
})

test('a picture that nobody refers to stays for a day', async () => {
  const world = worldOf('disk')
  await trash(await endSubmission(world, { pictures: ['a', 'b'] }))
  await database`update reference_images set created_at = now() - interval '23 hours' where key = ${keyOf(world, 'b')}`
  await STEPS.purge()
  await STEPS.sweep()
  const left = await database<{ key: string }[]>`select key from reference_images`
  expect(left.map(({ key }) => key)).toEqual([keyOf(world, 'b')])
})

test('objects of any key are looked for before they go, and previews with their original', async () => {
  const world = worldOf('disk')
  await endSubmission(world, { pictures: ['a'] })
  await database`update generation_outputs set key = 'older/system.png'`
  const named = ['older/system.png', 'older/system.w320.webp', ...objectsOf(keyOf(world, 'a'))]
  const unnamed = ['older/system.jpg', 'older/other.png', 'older/other.w320.webp', ...objectsOf(keyOf(world, 'b'))]
  for (const key of named) expect(await isReferredTo(database, key)).toBe(true)
  for (const key of unnamed) expect(await isReferredTo(database, key)).toBe(false)
})

function worldOf(name: string): PurgeWorld {
  const store = stores[name]
  if (!store) throw new Error(`there is no store ${name}`)
  return { database, store, workspaceId: crypto.randomUUID() }
}

function startPurges(count: number): () => Promise<void> {
  const stopping = new AbortController()
  const deps = { ...worldOf('disk'), log, measures, trashDays: 30, signal: stopping.signal, pollMs: 20 }
  const running = Array.from({ length: count }, () => runPurge(deps))
  return async () => {
    stopping.abort(new Error('stopping'))
    await Promise.all(running)
  }
}

async function trash(id: string | undefined, days = 31): Promise<void> {
  await database`
    update generations set deleted_at = now() - make_interval(days => ${days}) where id = ${id ?? null}`
}

/** Has everything happen that would happen by itself. */
async function clear(life: Life): Promise<void> {
  while (life.begun.length > 0) await STEPS.end(life)
  await STEPS.purge()
  await STEPS.sweep()
  await STEPS.hour(life)
  await STEPS.remove(life)
}

async function makeDue(): Promise<void> {
  await database`update object_removals set remove_after = now()`
}

async function waitsForLock(): Promise<boolean> {
  const waiting = await database`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return waiting.length > 0
}

async function objectsIn({ store, workspaceId }: PurgeWorld): Promise<string[]> {
  return (await Array.fromAsync(store.list(`w/${workspaceId}/`))).toSorted()
}

async function countOf(table: string): Promise<number> {
  return (await database`select from ${database(table)}`).length
}

async function becomes(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(20_000)
  while (!(await isSo())) {
    deadline.throwIfAborted()
    await Bun.sleep(20)
  }
}
