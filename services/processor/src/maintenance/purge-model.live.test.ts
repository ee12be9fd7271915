import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type Database, transaction } from '@darkroom/infra/database/connection'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { startS3rver, testBucket } from '@darkroom/infra/testing/s3/s3-server'
import { testDirectory } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import {
  type Begun,
  becomes,
  beginSubmission,
  countOf,
  endSubmission,
  log,
  makeDue,
  measures,
  newWorld,
  objectsIn,
  openPurgeDatabase,
  type PurgeWorld,
  referredTo,
  startPurges,
  trash,
} from './purge-env.fixture.ts'
import { purgeGenerations, purgeReferences } from './purge-rows.ts'
import { removeNext } from './remove-objects.ts'

// On a busy machine the first start of Postgres takes its time.
const START_MS = 60_000
const MANY = { limit: 50 }
const stack = new AsyncDisposableStack()
const stores: Record<string, Store> = {}
let database: Database

beforeAll(async () => {
  database = await openPurgeDatabase(stack)
  stores.disk = await openStore({ DATA_DIR: stack.use(await testDirectory()).path })
  stores.s3 = stack.use(await testBucket(stack.use(await startS3rver()).endpoint)).store
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
  trash: async (life: Life, _: Begun, place: number) => await trash(life, life.ids[place % life.ids.length]),
  restore: async ({ ids }: Life, _: Begun, place: number) =>
    void (await database`update generations set deleted_at = null where id = ${ids[place % ids.length] ?? null}`),
  purge: async () => void (await transaction(database, tx => purgeGenerations(tx, 30, MANY))),
  sweep: async () => void (await transaction(database, tx => purgeReferences(tx, MANY))),
  // What is to go stays for an hour, which no submission takes.
  hour: async (life: Life) => {
    if (life.begun.length === 0) await makeDue(life)
  },
  remove: async (life: Life) => {
    while (await removeNext({ ...life, log, measures }));
  },
}

describe.each(['disk', 's3'])('%s', name => {
  const live = async (all: { does: keyof typeof STEPS; pictures: string[]; place: number }[]) => {
    const life: Life = { ...newWorld(database, stores[name]), begun: [], ids: [] }
    for (const { does, pictures, place } of all) {
      await STEPS[does](life, { pictures }, place)
      expect(await objectsIn(life)).toEqual(expect.arrayContaining(await referredTo(life)))
    }
    await clear(life)
    expect(await objectsIn(life)).toEqual(await referredTo(life))
    for (const id of life.ids) await trash(life, id)
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
  const world = newWorld(database, stores.disk)
  const stop = startPurges(world, 3)
  for (let rounds = 0; rounds < 3; rounds++) {
    // Between the submissions: none takes an hour.
    await makeDue(world)
    await Promise.all(['ab', 'bc', 'cd', 'da'].map(pair => submitAndTrash(world, [...pair])))
  }
  await becomes(async () => {
    await makeDue(world)
    return String(await objectsIn(world)) === String(await referredTo(world))
  })
  await stop()
  expect(await countOf(world, 'generations')).toBe(12)
})

/** Of ten generations one is kept. */
async function submitAndTrash(world: PurgeWorld, pictures: string[]): Promise<void> {
  await endSubmission(world, await beginSubmission(world, pictures))
  for (let times = 0; times < 9; times++) {
    await trash(world, await endSubmission(world, await beginSubmission(world, pictures)))
  }
}

/** Has everything happen that would happen by itself. */
async function clear(life: Life): Promise<void> {
  while (life.begun.length > 0) await STEPS.end(life)
  await STEPS.purge()
  await STEPS.sweep()
  await STEPS.hour(life)
  await STEPS.remove(life)
}
