import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { createTestBucket, startS3Server } from '@darkroom/infra/testing/s3/s3-server'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import {
  beginSubmission,
  countRows,
  createPurgeEnv,
  deleteOutput,
  endSubmission,
  listObjects,
  listReferencedObjects,
  log,
  makeRemovalsDue,
  metrics,
  openPurgeDatabase,
  type PendingSubmission,
  type PurgeEnv,
  restoreOutput,
  startPurges,
  trashGeneration,
  waitUntil,
} from './purge-env.fixture.ts'
import { purgeGenerations, purgeOutputs, purgeReferences } from './purge-rows.ts'
import { removeNextObjects } from './remove-objects.ts'

const MANY = { limit: 50 }
const stack = new AsyncDisposableStack()
const stores: Record<string, Store> = {}
let database: Database

beforeAll(async () => {
  database = await openPurgeDatabase(stack)
  stores.disk = await openStore({ DATA_DIR: stack.use(await createTestDirectory()).path })
  stores.s3 = stack.use(await createTestBucket(stack.use(await startS3Server('s3rver')).endpoint)).store
})
afterAll(() => stack.disposeAsync())
afterEach(async () => {
  await database`truncate generations, reference_images, object_removals, outbox cascade`
})

/** Four images in all, so that generations share them. */
const images = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 })
const does = fc.constantFrom(
  ...([
    'begin',
    'end',
    'trash',
    'trash',
    'restore',
    'drop',
    'drop',
    'bring',
    'purge',
    'sweep',
    'hour',
    'remove',
  ] as const),
)
const steps = fc.array(fc.record({ does, images, position: fc.nat({ max: 20 }) }), {
  minLength: 10,
  maxLength: 40,
})

interface ModelState extends PurgeEnv {
  /** Submissions that have made the first of their two steps. */
  begun: PendingSubmission[]
  ids: string[]
}

const STEPS = {
  begin: async (state: ModelState, { images }: PendingSubmission) =>
    void state.begun.push(await beginSubmission(state, images)),
  end: async (state: ModelState) => {
    const begun = state.begun.shift()
    if (begun) state.ids.push(await endSubmission(state, begun))
  },
  trash: async (state: ModelState, _: PendingSubmission, position: number) =>
    await trashGeneration(state, state.ids[position % state.ids.length]),
  restore: async ({ ids }: ModelState, _: PendingSubmission, position: number) =>
    void (await database`update generations set deleted_at = null where id = ${ids[position % ids.length] ?? null}`),
  drop: async (state: ModelState, _: PendingSubmission, position: number) =>
    await deleteOutput(state, state.ids[position % state.ids.length]),
  bring: async (state: ModelState, _: PendingSubmission, position: number) =>
    await restoreOutput(state, state.ids[position % state.ids.length]),
  purge: async () => {
    await transaction(database, tx => purgeGenerations(tx, 30, MANY))
    await transaction(database, tx => purgeOutputs(tx, 30, MANY))
  },
  sweep: async () => void (await transaction(database, tx => purgeReferences(tx, MANY))),
  // Removals are due after an hour, and no submission takes that long.
  hour: async (state: ModelState) => {
    if (state.begun.length === 0) await makeRemovalsDue(state)
  },
  remove: async (state: ModelState) => {
    while (await removeNextObjects({ ...state, log, metrics }));
  },
}

describe.each(['disk', 's3'])('%s', name => {
  const runSteps = async (all: { does: keyof typeof STEPS; images: string[]; position: number }[]) => {
    const state: ModelState = { ...createPurgeEnv(database, stores[name]), begun: [], ids: [] }
    for (const { does, images, position } of all) {
      await STEPS[does](state, { images }, position)
      expect(await listObjects(state)).toEqual(expect.arrayContaining(await listReferencedObjects(state)))
    }
    await settleAll(state)
    expect(await listObjects(state)).toEqual(await listReferencedObjects(state))
    for (const id of state.ids) await trashGeneration(state, id)
    await settleAll(state)
    expect(await listObjects(state)).toEqual([])
  }
  test('never removes a referenced object, in any order of steps, and removes all others in the end', () =>
    fc.assert(fc.asyncProperty(steps, runSteps), { numRuns: name === 'disk' ? 40 : 8 }))
})

test('loses nothing with several processes and concurrent submissions', async () => {
  const env = createPurgeEnv(database, stores.disk)
  const stop = startPurges(env, 3)
  for (let rounds = 0; rounds < 3; rounds++) {
    // Between the submissions, because none takes an hour.
    await makeRemovalsDue(env)
    await Promise.all(['ab', 'bc', 'cd', 'da'].map(pair => submitAndTrash(env, [...pair])))
  }
  await waitUntil(async () => {
    await makeRemovalsDue(env)
    return String(await listObjects(env)) === String(await listReferencedObjects(env))
  })
  await stop()
  expect(await countRows(env, 'generations')).toBe(12)
})

/** Makes ten submissions, and moves all but the first to the trash. */
async function submitAndTrash(env: PurgeEnv, images: string[]): Promise<void> {
  await endSubmission(env, await beginSubmission(env, images))
  for (let times = 0; times < 9; times++) {
    await trashGeneration(env, await endSubmission(env, await beginSubmission(env, images)))
  }
}

/** Completes all pending submissions, purges and removals. */
async function settleAll(state: ModelState): Promise<void> {
  while (state.begun.length > 0) await STEPS.end(state)
  await STEPS.purge()
  await STEPS.sweep()
  await STEPS.hour(state)
  await STEPS.remove(state)
}
