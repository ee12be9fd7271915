import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { References } from '@darkroom/contracts/reference'
import type { Store } from '@darkroom/infra/store/store'
import sharp from 'sharp'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

/**
 * Purges of a reference while a request sends it again. The purge runs just before the objects of another image of the same
 * request are stored: after the reference's row was found, before anything refers to it.
 */

const stack = new AsyncDisposableStack()
let ingest: TestIngest
/** Runs once, before the next object is stored. */
let beforePut: (() => Promise<void>) | undefined

beforeAll(async () => {
  ingest = stack.use(await openTestIngest({ store: wrapStore }))
})
afterAll(() => stack.disposeAsync())

test('stores a reference again that is purged while a submission sends it', async () => {
  const [old, fresh] = [await createDataUrl('#a21'), await createDataUrl('#2a1')]
  const before = await readReferenceIds(
    await ingest.request('POST', '/api/generate', { prompt: 'a', referenceImages: [old] }),
  )
  beforePut = () => purge(before[0] ?? '')
  const response = await ingest.request('POST', '/api/generate', { prompt: 'b', referenceImages: [old, fresh] })
  expect(response.status).toBe(202)
  expect(beforePut).toBeUndefined()
  const after = await readReferenceIds(response)
  expect(after).toHaveLength(2)
  expect(after[0]).not.toBe(before[0] ?? '')
  for (const id of after) await expectStored(id)
})

test('stores a reference again that is purged while it is uploaded', async () => {
  const [old, fresh] = [await createImage('#b31'), await createImage('#3b1')]
  const [before] = await upload([old])
  beforePut = () => purge(before ?? '')
  for (const id of await upload([old, fresh])) await expectStored(id)
})

test('names a reference that was sent by its id and is purged meanwhile', async () => {
  const [before] = await upload([await createImage('#c41')])
  beforePut = () => purge(before ?? '')
  const body = { prompt: 'c', referenceImages: [before, await createDataUrl('#4c1')] }
  const response = await ingest.request('POST', '/api/generate', body)
  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ errors: [{ path: 'referenceImages.0' }] })
})

test('cancels the scheduled removal of purged objects that are sent again', async () => {
  const image = await createImage('#d51')
  const [before] = await upload([image])
  await purge(before ?? '')
  const [after] = await upload([image])
  await expectStored(after ?? '')
})

test('protects an existing reference from a purge while a submission is written', async () => {
  const [id] = await upload([await createImage('#e61')])
  const body = { prompt: 'e', referenceImages: [id] }
  const outcomes = await Promise.all([
    ingest.request('POST', '/api/generate', body).then(({ status }) => status),
    // Without its generations: a purge that begins after the submission would take that along.
    removeRow(id ?? '').then(
      () => 'purged',
      () => 'refused',
    ),
  ])
  expect([
    [202, 'refused'],
    [422, 'purged'],
  ]).toContainEqual(outcomes)
})

function wrapStore(store: Store): Store {
  return {
    ...store,
    put: async (key, body, options) => {
      const runBefore = beforePut
      beforePut = undefined
      await runBefore?.()
      return await store.put(key, body, options)
    },
  }
}

/** Purges a reference as the trash does: the generations that refer to it, its row, then its objects. */
async function purge(id: string): Promise<void> {
  const { sql } = ingest
  await sql.begin(async tx => {
    const generations = await tx<{ id: string }[]>`
      select generation_id as id from generation_references where reference_id = ${id}`
    await tx`delete from generations where id = any(${generations.map(row => row.id)}::uuid[])`
    const [row] = await tx<{ key: string }[]>`delete from reference_images where id = ${id} returning key`
    const name = row?.key.replace('.png', '') ?? ''
    for (const key of [`${name}.png`, `${name}.w320.webp`, `${name}.w960.webp`]) {
      await tx`insert into object_removals (key, remove_after) values (${key}, now())`
    }
  })
  const due = await sql<{ key: string }[]>`select key from object_removals`
  for (const { key } of due) await ingest.store.remove(key)
}

async function removeRow(id: string): Promise<void> {
  await ingest.sql`delete from reference_images where id = ${id}`
}

async function expectStored(id: string): Promise<void> {
  const [row] = await ingest.sql<{ key: string }[]>`select key from reference_images where id = ${id}`
  const name = row?.key.replace('.png', '') ?? 'none'
  const keys = [`${name}.png`, `${name}.w320.webp`, `${name}.w960.webp`]
  for (const key of keys) expect([key, await ingest.store.head(key)]).toEqual([key, expect.anything()])
  expect(await ingest.sql`select key from object_removals where key = any(${keys})`).toHaveLength(0)
}

async function readReferenceIds(response: Response): Promise<string[]> {
  const { references } = Generation.parse(await response.json())
  return references.map(({ id }) => id ?? '')
}

async function upload(images: Buffer[]): Promise<string[]> {
  const form = new FormData()
  for (const bytes of images) form.append('file', new Blob([new Uint8Array(bytes)]), 'a.png')
  const response = await ingest.send(new Request('http://localhost/api/references', { method: 'POST', body: form }))
  expect(response.status).toBe(201)
  return References.parse(await response.json()).map(({ id }) => id ?? '')
}

async function createImage(background: string): Promise<Buffer> {
  return await sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .png()
    .toBuffer()
}

async function createDataUrl(background: string): Promise<string> {
  return `data:image/png;base64,${(await createImage(background)).toString('base64')}`
}
