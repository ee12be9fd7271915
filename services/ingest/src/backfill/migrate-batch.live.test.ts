import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mediaUrl } from '@darkroom/contracts/routes'
import { transaction } from '@darkroom/infra/database/transaction'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { type BackfillEnv, openBackfillEnv } from './backfill-env.fixture.ts'
import type { Failpoint } from './failpoints.ts'
import { deleteResolvedFailures } from './failure-rows.ts'
import { migrateBatch } from './migrate-batch.ts'
import { computeSha256, createImage, insertOldRow, toDataUrl } from './old-row.fixture.ts'
import { countCandidates } from './row-migration/generation-raw-rows.ts'

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }
const stack = new AsyncDisposableStack()
let env: BackfillEnv

beforeAll(async () => {
  env = stack.use(await openBackfillEnv())
})
afterAll(() => stack.disposeAsync())

test('moves images out of a row byte for byte, and writes pointers, references and the manifest', async () => {
  const { sql, deps } = env
  const [one, two, three] = [await createImage('png'), await createImage('jpeg'), await createImage('webp')]
  const workspaceId = crypto.randomUUID()
  const parameters = {
    aspectRatio: '1:1',
    steps: 30,
    referenceImage: toDataUrl(one, 'DATA:image/png;base64,'),
    referenceImages: [toDataUrl(two, 'data:image/jpg;base64,'), 'https://example.com/kept.png', toDataUrl(three)],
  }
  const id = await insertOldRow(sql, parameters, { workspaceId })
  const batch = await migrateBatch(deps, OPTIONS)
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

test('does nothing and stores nothing on a second batch', async () => {
  const { deps, puts } = env
  const before = puts.length
  expect(await migrateBatch(deps, OPTIONS)).toMatchObject({ processed: 0, ended: 'end' })
  expect(puts.length).toBe(before)
})

test.each([
  ['invalid base64', 'data:image/png;base64,%%%', 'has characters that are not base64'],
  ['truncated base64', 'data:image/png;base64,A', 'has characters that are not base64'],
  ['a data URL without base64', 'data:image/png,abc', 'is not a base64 data URL'],
  [
    'an SVG',
    toDataUrl(Buffer.from('<svg/>'), 'data:image/svg+xml;base64,'),
    'is not a PNG, JPEG, WebP, AVIF or GIF picture',
  ],
  ['an empty data URL', 'data:image/png;base64,', 'is empty'],
])('names a row with %s and leaves it unchanged, and migrates the others', async (_, text, reason) => {
  const { sql, deps } = env
  const parameters = { referenceImages: [toDataUrl(await createImage()), text] }
  const broken = await insertOldRow(sql, parameters)
  const fine = await insertOldRow(sql, { referenceImage: toDataUrl(await createImage()) })
  const batch = await migrateBatch(deps, OPTIONS)
  expect(batch).toMatchObject({ processed: 2, moved: { updated: 1 } })
  expect(batch.failures).toEqual([{ id: broken, reason: `referenceImages.1 ${reason}`, temporary: false }])
  expect(await readRawParameters(broken)).toEqual(parameters)
  expect(await readRawParameters(fine)).toHaveProperty('referenceImageUrl')
  await sql`delete from generations where id = ${broken}`
})

test('schedules the removal of images whose row could not be written, and cancels it once the row is written', async () => {
  const { sql, deps, puts } = env
  const [lost, shared] = [await createImage(), await createImage()]
  const workspaceId = crypto.randomUUID()
  await insertOldRow(sql, { referenceImage: toDataUrl(shared) }, { workspaceId })
  await migrateBatch(deps, OPTIONS)
  await insertOldRow(sql, { referenceImages: [toDataUrl(lost), toDataUrl(shared)] }, { workspaceId })
  const onFailpoint = (failpoint: Failpoint) => {
    if (failpoint === 'kept') throw new Error('the row cannot be written')
  }
  expect((await migrateBatch({ ...deps, onFailpoint }, OPTIONS)).failures).toMatchObject([{ temporary: true }])
  const listRemovals = () => sql<{ key: string }[]>`
    select key from object_removals where key like ${`w/${workspaceId}/%`} order by key`
  const keys = [lost, shared].map(bytes => `w/${workspaceId}/ref/${computeSha256(bytes)}.png`)
  // The shared image is listed too: the removal itself checks first whether a row refers to the object.
  expect((await listRemovals()).map(row => row.key)).toEqual(keys.toSorted())
  expect(await migrateBatch(deps, OPTIONS)).toMatchObject({ moved: { updated: 1 }, failures: [] })
  expect(await listRemovals()).toHaveLength(0)
  expect(puts.filter(put => put === keys[0])).toHaveLength(1)
})

test('never reads an image that is too large, and names one outside of the references while it moves those', async () => {
  const { sql, deps } = env
  const big = await insertOldRow(sql, {})
  await sql`
    update generation_raw set parameters = jsonb_build_object('referenceImage', 'data:image/png;base64,' || repeat('A', 28000000))
    where generation_id = ${big}`
  const masked = await insertOldRow(sql, {
    mask: toDataUrl(await createImage()),
    referenceImage: toDataUrl(await createImage()),
  })
  const batch = await migrateBatch(deps, OPTIONS)
  expect(new Map(batch.failures.map(({ id, reason }) => [id, reason]))).toEqual(
    new Map([
      [big, 'referenceImage is larger than is taken'],
      [masked, 'has a file as text in another place than referenceImage, referenceImageUrl and referenceImages'],
    ]),
  )
  expect(await readRawParameters(masked)).toMatchObject({
    mask: expect.any(String),
    referenceImageUrl: expect.any(String),
  })
  await sql`delete from generations where id = any(${[big, masked]})`
})

test('validates everything and changes nothing in a dry run', async () => {
  const { sql, deps, puts } = env
  const parameters = { referenceImages: [toDataUrl(await createImage()), toDataUrl(await createImage())] }
  const id = await insertOldRow(sql, parameters)
  const before = puts.length
  const batch = await migrateBatch(deps, { ...OPTIONS, dryRun: true })
  expect(batch).toMatchObject({ processed: 1, moved: { updated: 1, images: 2 }, failures: [] })
  expect(await readRawParameters(id)).toEqual(parameters)
  expect(puts.length).toBe(before)
})

test('reads a row again that is edited during its migration', async () => {
  const { sql, deps } = env
  // Rows that other tests left: the failpoint below is to be that of this test's row.
  await migrateBatch(deps, OPTIONS)
  const id = await insertOldRow(sql, { referenceImage: toDataUrl(await createImage()) })
  const other = await createImage()
  let edits = 0
  const onFailpoint = async (failpoint: Failpoint) => {
    if (failpoint !== 'kept' || edits++ > 0) return
    await sql`update generation_raw set parameters = ${sql.json({ note: 'mine', referenceImage: toDataUrl(other) })} where generation_id = ${id}`
  }
  expect(await migrateBatch({ ...deps, onFailpoint }, OPTIONS)).toMatchObject({ failures: [] })
  expect(await readRawParameters(id)).toMatchObject({ note: 'mine', referenceImageChecksum: computeSha256(other) })
})

test('moves an image of referenceImageUrl, after a byte-order mark too, and both where it differs from referenceImage', async () => {
  const { sql, deps } = env
  const [one, two, three] = [await createImage(), await createImage(), await createImage()]
  const alone = await insertOldRow(sql, { referenceImageUrl: toDataUrl(one, '\uFEFF\n Data: image/png ; base64 ,') })
  const both = await insertOldRow(sql, { referenceImageUrl: toDataUrl(two), referenceImage: toDataUrl(three) })
  const same = await insertOldRow(sql, { referenceImageUrl: toDataUrl(two), referenceImage: toDataUrl(two) })
  expect(await migrateBatch(deps, OPTIONS)).toMatchObject({ processed: 3, moved: { updated: 3 }, failures: [] })
  expect(await readRawParameters(alone)).toMatchObject({
    referenceImageUrl: expect.stringContaining(computeSha256(one)),
    referenceImageChecksum: computeSha256(one),
  })
  expect(await readRawParameters(both)).toMatchObject({
    referenceImageChecksum: computeSha256(two),
    referenceImage: expect.stringContaining(computeSha256(three)),
  })
  const count = await sql`select count(*)::int as count from generation_references where generation_id = ${both}`
  expect([...count]).toEqual([{ count: 2 }])
  expect(await readRawParameters(same)).not.toHaveProperty('referenceImage')
  expect(await migrateBatch(deps, OPTIONS)).toMatchObject({ processed: 0, ended: 'end' })
})

test('reports in a dry run what the run will', async () => {
  const { sql, deps } = env
  const [image, mask] = [toDataUrl(await createImage()), toDataUrl(await createImage())]
  const ids = [
    await insertOldRow(sql, { mask, referenceImage: image }),
    await insertOldRow(sql, { referenceImages: [image, image] }),
    await insertOldRow(sql, { note: 'data:image/png;base64,%%%' }),
  ]
  const { cursor: _, ...dry } = await migrateBatch(deps, { ...OPTIONS, dryRun: true })
  expect(dry.failures.map(({ id }) => id)).toEqual(expect.arrayContaining([ids[0], ids[2]] as string[]))
  expect(await migrateBatch(deps, OPTIONS)).toMatchObject({ ...dry, failures: expect.arrayContaining(dry.failures) })
  await sql`delete from generations where id = any(${ids})`
})

test.each([
  ['data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA', true],
  [' \n\uFEFFDATA:;base64,iVBORw0KGgo=', true],
  ['data:image/png; base64 ,\niVBORw0KGgo\n=', true],
  ['data:image/jpeg;name="a; b, c.jpg";base64,/9j/4AAQ', true],
  ['data:base64,iVBORw0KGgo', true],
  ['data:text/plain;charset=utf-8;base64,aGVsbG8=', true],
  ['data:image/svg+xml;utf8,<svg xmlns="…"/>', true],
  ['data:image/png,abc', true],
  ['data:image/png;base64,', true],
  [`data:image/png;base64,${'A'.repeat(3_000_000)}`, true],
  ['Data: a chart; base64, they said', false],
  ['data:image/png;base64, is how such a text begins', false],
  ['Data: image/png is a format, and base64, too', false],
  ['data: one, two, three', false],
  ['data:text/plain, as in mail', false],
  ['DATA: 1/2 cup; base64, they said', false],
  ['metadata:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA', false],
  ['https://example.com/data:image/png;base64,iVBORw0KGgo', false],
  ['', false],
])('knows whether %p begins like a file', async (text, isFile) => {
  const rows = await env.sql`
    select is_file_url(${text}) as "isFile", embeds_file(jsonb_build_object('a', jsonb_build_array(${text}::text))) as embeds`
  expect([...rows]).toEqual([{ isFile, embeds: isFile }])
})

test('reads no value to find the rows of a run, whatever the plan', async () => {
  const { sql, deps } = env
  await insertOldRow(sql, { referenceImage: 'data:image/png;base64,%%%' })
  await sql.unsafe(
    `create or replace function embeds_file(parameters jsonb) returns boolean language plpgsql immutable as
     $$ begin raise 'a value was read'; end $$`,
  )
  const options = { ...OPTIONS, limit: 1 }
  expect(await countCandidates(deps.database)).toBe(1)
  expect(await migrateBatch(deps, options)).toMatchObject({ processed: 1, failures: [{ temporary: false }] })
  expect(await transaction(sql, tx => deleteResolvedFailures(tx, crypto.randomUUID()))).toEqual({ hasRetryable: true })
})

async function readRawParameters(id: string): Promise<Record<string, unknown>> {
  const [row] = await env.sql`select parameters from generation_raw where generation_id = ${id}`
  return row?.parameters
}
