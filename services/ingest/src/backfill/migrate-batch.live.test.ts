import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mediaUrl } from '@darkroom/contracts/routes'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { type BackfillEnv, openBackfillEnv } from './backfill-env.fixture.ts'
import type { Failpoint } from './failpoints.ts'
import { runBatch } from './migrate-batch.ts'
import { computeSha256, createImage, insertOldRow, toDataUrl } from './old-row.fixture.ts'

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }
const stack = new AsyncDisposableStack()
let env: BackfillEnv

beforeAll(async () => {
  env = stack.use(await openBackfillEnv())
}, 60_000)
afterAll(() => stack.disposeAsync())

test('pictures leave the row byte for byte, and pointers, references and the manifest stand where they were', async () => {
  const { sql, deps } = env
  const [one, two, three] = [await createImage('png'), await createImage('jpeg'), await createImage('webp')]
  const workspaceId = crypto.randomUUID()
  const given = {
    aspectRatio: '1:1',
    steps: 30,
    referenceImage: toDataUrl(one, 'DATA:image/png;base64,'),
    referenceImages: [toDataUrl(two, 'data:image/jpg;base64,'), 'https://example.com/kept.png', toDataUrl(three)],
  }
  const id = await insertOldRow(sql, given, { workspaceId })
  const batch = await runBatch(deps, OPTIONS)
  expect(batch).toMatchObject({
    processed: 1,
    skipped: 0,
    failures: [],
    ended: 'end',
    moved: { updated: 1, images: 3 },
  })
  const keys = [`${computeSha256(one)}.png`, `${computeSha256(two)}.jpg`, `${computeSha256(three)}.webp`].map(
    name => `w/${workspaceId}/ref/${name}`,
  )
  expect(await Promise.all(keys.map(key => env.readBytes(key)))).toEqual([one, two, three])
  const raw = await readRawParameters(id)
  expect(raw).toEqual({
    aspectRatio: '1:1',
    steps: 30,
    referenceImageUrl: mediaUrl(keys[0] ?? ''),
    referenceImageId: expect.any(String),
    referenceImagePath: keys[0],
    referenceImageBucket: 'media',
    referenceImageMimeType: 'image/png',
    referenceImageChecksum: computeSha256(one),
    referenceImages: [mediaUrl(keys[1] ?? ''), 'https://example.com/kept.png', mediaUrl(keys[2] ?? '')],
  })
  const document = JSON.parse((await readGeneration(sql, { id, workspaceId })) ?? '')
  expect(document.version).toBe(2)
  const { aspectRatio: _, steps: __, ...pointers } = raw
  expect(document.parameters).toEqual(pointers)
  expect(document.references.map(({ url }: { url: string }) => url)).toEqual([
    mediaUrl(keys[0] ?? ''),
    mediaUrl(keys[1] ?? ''),
    `/media/remote/${id}/ref/2`,
    mediaUrl(keys[2] ?? ''),
  ])
  const manifest = await sql`
    select field, position, encode(sha256, 'hex') as sha256, bytes, key, prefix from backfill_manifest
    where generation_id = ${id} order by field, position`
  expect([...manifest]).toEqual([
    {
      field: 'referenceImage',
      position: 0,
      sha256: computeSha256(one),
      bytes: one.byteLength,
      key: keys[0],
      prefix: 'DATA:image/png;base64,',
    },
    {
      field: 'referenceImages',
      position: 0,
      sha256: computeSha256(two),
      bytes: two.byteLength,
      key: keys[1],
      prefix: 'data:image/jpg;base64,',
    },
    {
      field: 'referenceImages',
      position: 2,
      sha256: computeSha256(three),
      bytes: three.byteLength,
      key: keys[2],
      prefix: 'data:image/png;base64,',
    },
  ])
})

test('again, there is nothing to do and nothing is stored', async () => {
  const { deps, puts } = env
  const before = puts.length
  expect(await runBatch(deps, OPTIONS)).toMatchObject({ processed: 0, ended: 'end' })
  expect(puts.length).toBe(before)
})

test.each([
  ['base64 that is none', 'data:image/png;base64,%%%', 'has characters that are not base64'],
  ['text that is cut short', 'data:image/png;base64,A', 'has characters that are not base64'],
  ['no base64 at all', 'data:image/png,abc', 'is not a base64 data URL'],
  [
    'a document',
    toDataUrl(Buffer.from('<svg/>'), 'data:image/svg+xml;base64,'),
    'is not a PNG, JPEG, WebP, AVIF or GIF picture',
  ],
  ['nothing', 'data:image/png;base64,', 'is empty'],
])('%s cannot be moved: the row is named and stays as it is, and the others are moved', async (_, text, reason) => {
  const { sql, deps } = env
  const given = { referenceImages: [toDataUrl(await createImage()), text] }
  const broken = await insertOldRow(sql, given)
  const fine = await insertOldRow(sql, { referenceImage: toDataUrl(await createImage()) })
  const batch = await runBatch(deps, OPTIONS)
  expect(batch).toMatchObject({ processed: 2, moved: { updated: 1 } })
  expect(batch.failures).toEqual([{ id: broken, reason: `referenceImages.1 ${reason}`, temporary: false }])
  expect(await readRawParameters(broken)).toEqual(given)
  expect(await readRawParameters(fine)).toHaveProperty('referenceImageUrl')
  await sql`delete from generations where id = ${broken}`
})

test('what was stored for a row that could not be written is set down for removal, and taken off again when it is', async () => {
  const { sql, deps, puts } = env
  const [lost, shared] = [await createImage(), await createImage()]
  const workspaceId = crypto.randomUUID()
  await insertOldRow(sql, { referenceImage: toDataUrl(shared) }, { workspaceId })
  await runBatch(deps, OPTIONS)
  await insertOldRow(sql, { referenceImages: [toDataUrl(lost), toDataUrl(shared)] }, { workspaceId })
  const onFailpoint = (step: Failpoint) => {
    if (step === 'kept') throw new Error('the row cannot be written')
  }
  expect((await runBatch({ ...deps, onFailpoint }, OPTIONS)).failures).toMatchObject([{ temporary: true }])
  const listed = () => sql<{ key: string }[]>`
    select key from object_removals where key like ${`w/${workspaceId}/%`} order by key`
  const keys = [lost, shared].map(bytes => `w/${workspaceId}/ref/${computeSha256(bytes)}.png`)
  // Whoever removes looks first whether a row has it.
  expect((await listed()).map(row => row.key)).toEqual(keys.toSorted())
  expect(await runBatch(deps, OPTIONS)).toMatchObject({ moved: { updated: 1 }, failures: [] })
  expect(await listed()).toHaveLength(0)
  expect(puts.filter(put => put === keys[0])).toHaveLength(1)
})

test('a picture that is too big is never read, and one elsewhere is named while the references are moved', async () => {
  const { sql, deps } = env
  const big = await insertOldRow(sql, {})
  await sql`
    update generation_raw set parameters = jsonb_build_object('referenceImage', 'data:image/png;base64,' || repeat('A', 28000000))
    where generation_id = ${big}`
  const masked = await insertOldRow(sql, {
    mask: toDataUrl(await createImage()),
    referenceImage: toDataUrl(await createImage()),
  })
  const batch = await runBatch(deps, OPTIONS)
  expect(new Map(batch.failures.map(({ id, reason }) => [id, reason]))).toEqual(
    new Map([
      [big, 'referenceImage is larger than is taken'],
      [masked, 'has a file as text in another place than referenceImage and referenceImages'],
    ]),
  )
  expect(await readRawParameters(masked)).toMatchObject({
    mask: expect.any(String),
    referenceImageUrl: expect.any(String),
  })
  await sql`delete from generations where id = any(${[big, masked]})`
}, 30_000)

test('a dry run checks everything and changes nothing', async () => {
  const { sql, deps, puts } = env
  const given = { referenceImages: [toDataUrl(await createImage()), toDataUrl(await createImage())] }
  const id = await insertOldRow(sql, given)
  const before = puts.length
  const batch = await runBatch(deps, { ...OPTIONS, dryRun: true })
  expect(batch).toMatchObject({ processed: 1, moved: { updated: 1, images: 2 }, failures: [] })
  expect(await readRawParameters(id)).toEqual(given)
  expect(puts.length).toBe(before)
})

test('a row that is written while it is worked on is read again', async () => {
  const { sql, deps } = env
  const id = await insertOldRow(sql, { referenceImage: toDataUrl(await createImage()) })
  const [other] = [await createImage()]
  let edits = 0
  const onFailpoint = async (step: Failpoint) => {
    if (step !== 'kept' || edits++ > 0) return
    await sql`update generation_raw set parameters = ${sql.json({ note: 'mine', referenceImage: toDataUrl(other) })} where generation_id = ${id}`
  }
  expect(await runBatch({ ...deps, onFailpoint }, OPTIONS)).toMatchObject({ failures: [] })
  expect(await readRawParameters(id)).toMatchObject({ note: 'mine', referenceImageChecksum: computeSha256(other) })
})

test('the rows are found by the index that holds no others', async () => {
  const plan = await env.sql.unsafe(
    'explain select generation_id from generation_raw where embeds_file(parameters) order by created_at, generation_id limit 20',
  )
  expect(JSON.stringify(plan)).toContain('generation_raw_embedding')
})

async function readRawParameters(id: string): Promise<Record<string, unknown>> {
  const [row] = await env.sql`select parameters from generation_raw where generation_id = ${id}`
  return row?.parameters
}
