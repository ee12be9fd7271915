import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mediaUrl } from '@darkroom/contracts/routes'
import { readGeneration } from '@darkroom/infra/generations'
import { runBatch } from './batch.ts'
import { type TestGround, testGround } from './ground.fixture.ts'
import { asText, insertOldRow, picture, sha256Of } from './old-row.fixture.ts'

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }
const stack = new AsyncDisposableStack()
let ground: TestGround

beforeAll(async () => {
  ground = stack.use(await testGround())
}, 60_000)
afterAll(() => stack.disposeAsync())

test('pictures leave the row byte for byte, and pointers, references and the manifest stand where they were', async () => {
  const { sql, deps } = ground
  const [one, two, three] = [await picture('png'), await picture('jpeg'), await picture('webp')]
  const workspaceId = crypto.randomUUID()
  const given = {
    aspectRatio: '1:1',
    steps: 30,
    referenceImage: asText(one, 'DATA:image/png;base64,'),
    referenceImages: [asText(two, 'data:image/jpg;base64,'), 'https://example.com/kept.png', asText(three)],
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
  const keys = [`${sha256Of(one)}.png`, `${sha256Of(two)}.jpg`, `${sha256Of(three)}.webp`].map(
    name => `w/${workspaceId}/ref/${name}`,
  )
  expect(await Promise.all(keys.map(key => ground.bytesOf(key)))).toEqual([one, two, three])
  const raw = await rawOf(id)
  expect(raw).toEqual({
    aspectRatio: '1:1',
    steps: 30,
    referenceImageUrl: mediaUrl(keys[0] ?? ''),
    referenceImageId: expect.any(String),
    referenceImagePath: keys[0],
    referenceImageBucket: 'media',
    referenceImageMimeType: 'image/png',
    referenceImageChecksum: sha256Of(one),
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
  const stored = await ground.keys()
  for (const { previewUrl } of document.references.filter(({ id }: { id: string | null }) => id)) {
    expect(stored).toContain(previewUrl.slice('/media/'.length))
  }
  const manifest = await sql`
    select field, position, encode(sha256, 'hex') as sha256, bytes, key, prefix from backfill_manifest
    where generation_id = ${id} order by field, position`
  expect([...manifest]).toEqual([
    {
      field: 'referenceImage',
      position: 0,
      sha256: sha256Of(one),
      bytes: one.byteLength,
      key: keys[0],
      prefix: 'DATA:image/png;base64,',
    },
    {
      field: 'referenceImages',
      position: 0,
      sha256: sha256Of(two),
      bytes: two.byteLength,
      key: keys[1],
      prefix: 'data:image/jpg;base64,',
    },
    {
      field: 'referenceImages',
      position: 2,
      sha256: sha256Of(three),
      bytes: three.byteLength,
      key: keys[2],
      prefix: 'data:image/png;base64,',
    },
  ])
})

test('again, there is nothing to do and nothing is stored', async () => {
  const { deps, puts } = ground
  const before = puts.length
  expect(await runBatch(deps, OPTIONS)).toMatchObject({ processed: 0, ended: 'end' })
  expect(puts.length).toBe(before)
})

async function rawOf(id: string): Promise<Record<string, unknown>> {
  const [row] = await ground.sql`select parameters from generation_raw where generation_id = ${id}`
  return row?.parameters
}
