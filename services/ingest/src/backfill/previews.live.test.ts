import { expect, test } from 'bun:test'
import type { Store } from '@darkroom/infra/store/store'
import sharp from 'sharp'
import { type TestGround, testGround } from './backfill-env.fixture.ts'
import { runBatch } from './batch.ts'
import { asText, insertOldRow, picture, sha256Of } from './old-row.fixture.ts'
import { makeNextPreviews } from './previews.ts'

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }

test('what was moved gets its previews, each once, by however many', async () => {
  await using ground = await testGround()
  const [one, two] = [await picture('png', 1_200), await picture('jpeg')]
  const workspaceId = await moveOut(ground, [one, two, one])
  await Promise.all([makeAll(ground), makeAll(ground), makeAll(ground)])
  const keys = [`${sha256Of(one)}.png`, `${sha256Of(two)}.jpg`].flatMap(name => [
    `w/${workspaceId}/ref/${name}`,
    ...['w320', 'w960'].map(size => `w/${workspaceId}/ref/${name.split('.')[0]}.${size}.webp`),
  ])
  expect(ground.puts.toSorted()).toEqual(keys.toSorted())
  const large = await ground.bytesOf(`w/${workspaceId}/ref/${sha256Of(one)}.w960.webp`)
  expect(await sharp(large).metadata()).toMatchObject({ format: 'webp', width: 960, height: 960 })
  expect(await makeNextPreviews(ground.deps)).toBe(false)
})

test('none are made while a run moves pictures', async () => {
  await using ground = await testGround()
  await moveOut(ground, [await picture()])
  await ground.sql`
    insert into backfill_runs (id, kind, dry_run, batch_rows, concurrency, total)
    values (gen_random_uuid(), 'move', false, 1, 1, 1)`
  expect(await makeNextPreviews(ground.deps)).toBe(false)
  await ground.sql`update backfill_runs set state = 'stopped'`
  expect(await makeNextPreviews(ground.deps)).toBe(true)
})

test('a store that fails is asked again later, and a picture that cannot be drawn is given up', async () => {
  let isAway = true
  const away = (store: Store): Store => ({
    ...store,
    get: async key => {
      if (isAway) throw new Error('away')
      return await store.get(key)
    },
  })
  await using ground = await testGround(away)
  isAway = false
  const bytes = await picture()
  const workspaceId = await moveOut(ground, [bytes])
  isAway = true
  expect(await makeNextPreviews(ground.deps)).toBe(true)
  expect(await makeNextPreviews(ground.deps)).toBe(false)
  const [due] = await ground.sql`select failures, due_at > clock_timestamp() as later from previews_due`
  expect(due).toEqual({ failures: 1, later: true })
  isAway = false
  const key = `w/${workspaceId}/ref/${sha256Of(bytes)}.png`
  await ground.deps.store.put(key, Buffer.from('no picture'), { signal: new AbortController().signal })
  await ground.sql`update previews_due set due_at = now() - interval '1 second'`
  expect(await makeNextPreviews(ground.deps)).toBe(true)
  expect(await ground.sql`select from previews_due`).toHaveLength(0)
})

/** Moves the pictures of one row. @returns its workspace */
async function moveOut({ sql, deps }: TestGround, pictures: Buffer[]): Promise<string> {
  const workspaceId = crypto.randomUUID()
  await insertOldRow(sql, { referenceImages: pictures.map(bytes => asText(bytes)) }, { workspaceId })
  expect((await runBatch(deps, OPTIONS)).failures).toEqual([])
  return workspaceId
}

async function makeAll({ deps }: TestGround): Promise<void> {
  while (await makeNextPreviews(deps));
}
