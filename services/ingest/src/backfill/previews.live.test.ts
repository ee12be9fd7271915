import { expect, test } from 'bun:test'
import type { Store } from '@darkroom/infra/store/store'
import sharp from 'sharp'
import { type BackfillEnv, openBackfillEnv } from './backfill-env.fixture.ts'
import { migrateBatch } from './migrate-batch.ts'
import { computeSha256, createImage, insertOldRow, toDataUrl } from './old-row.fixture.ts'
import { makeNextPreviews } from './previews.ts'

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }

test('makes the previews of migrated images once each, with several workers', async () => {
  await using env = await openBackfillEnv()
  const [one, two] = [await createImage('png', 1_200), await createImage('jpeg')]
  const workspaceId = await migrateImages(env, [one, two, one])
  await Promise.all([makeAllPreviews(env), makeAllPreviews(env), makeAllPreviews(env)])
  const keys = [`${computeSha256(one)}.png`, `${computeSha256(two)}.jpg`].flatMap(name => [
    `w/${workspaceId}/ref/${name}`,
    ...['w320', 'w960'].map(size => `w/${workspaceId}/ref/${name.split('.')[0]}.${size}.webp`),
  ])
  expect(env.puts.toSorted()).toEqual(keys.toSorted())
  const large = await env.readBytes(`w/${workspaceId}/ref/${computeSha256(one)}.w960.webp`)
  expect(await sharp(large).metadata()).toMatchObject({ format: 'webp', width: 960, height: 960 })
  expect(await makeNextPreviews(env.deps)).toBe(false)
})

test('makes no previews while a run moves images', async () => {
  await using env = await openBackfillEnv()
  await migrateImages(env, [await createImage()])
  await env.sql`
    insert into backfill_runs (id, kind, dry_run, batch_rows, concurrency, total)
    values (gen_random_uuid(), 'move', false, 1, 1, 1)`
  expect(await makeNextPreviews(env.deps)).toBe(false)
  await env.sql`update backfill_runs set state = 'stopped'`
  expect(await makeNextPreviews(env.deps)).toBe(true)
})

test('postpones previews when the store fails, and gives an undecodable image up', async () => {
  let isAway = true
  const wrapStore = (store: Store): Store => ({
    ...store,
    get: async key => {
      if (isAway) throw new Error('away')
      return await store.get(key)
    },
  })
  await using env = await openBackfillEnv(wrapStore)
  isAway = false
  const bytes = await createImage()
  const workspaceId = await migrateImages(env, [bytes])
  isAway = true
  expect(await makeNextPreviews(env.deps)).toBe(true)
  expect(await makeNextPreviews(env.deps)).toBe(false)
  const [due] = await env.sql`select failures, due_at > clock_timestamp() as "isPostponed" from previews_due`
  expect(due).toEqual({ failures: 1, isPostponed: true })
  isAway = false
  const key = `w/${workspaceId}/ref/${computeSha256(bytes)}.png`
  await env.deps.store.put(key, Buffer.from('no picture'), { signal: new AbortController().signal })
  await env.sql`update previews_due set due_at = now() - interval '1 second'`
  expect(await makeNextPreviews(env.deps)).toBe(true)
  expect(await env.sql`select from previews_due`).toHaveLength(0)
})

/** Migrates a row with the given images. @returns its workspace */
async function migrateImages({ sql, deps }: BackfillEnv, images: Buffer[]): Promise<string> {
  const workspaceId = crypto.randomUUID()
  await insertOldRow(sql, { referenceImages: images.map(bytes => toDataUrl(bytes)) }, { workspaceId })
  expect((await migrateBatch(deps, OPTIONS)).failures).toEqual([])
  return workspaceId
}

async function makeAllPreviews({ deps }: BackfillEnv): Promise<void> {
  while (await makeNextPreviews(deps));
}
