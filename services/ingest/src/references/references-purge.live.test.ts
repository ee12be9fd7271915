import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { References } from '@darkroom/contracts/reference'
import type { Store } from '@darkroom/infra/store/store'
import sharp from 'sharp'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

/**
 * What is removed for good while somebody sends it again. The removal is made just before the objects of another picture of
 * the same request are stored: after its own row was found, before anything refers to it.
 */

const START_MS = 60_000
const stack = new AsyncDisposableStack()
let ingest: TestIngest
/** Done once, at the next object that is stored. */
let beforePut: (() => Promise<void>) | undefined

beforeAll(async () => {
  ingest = stack.use(await openTestIngest({ store: wrapStore }))
}, START_MS)
afterAll(() => stack.disposeAsync())

test('a reference that is removed for good while it is sent again is stored once more', async () => {
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

test('an upload of what is just being removed for good keeps it', async () => {
  const [old, fresh] = [await createImage('#b31'), await createImage('#3b1')]
  const [before] = await upload([old])
  beforePut = () => purge(before ?? '')
  for (const id of await upload([old, fresh])) await expectStored(id)
})

test('one that was sent by its id, and is gone, is named', async () => {
  const [before] = await upload([await createImage('#c41')])
  beforePut = () => purge(before ?? '')
  const body = { prompt: 'c', referenceImages: [before, await createDataUrl('#4c1')] }
  const response = await ingest.request('POST', '/api/generate', body)
  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({ errors: [{ path: 'referenceImages.0' }] })
})

test('what was removed for good and is sent again is no longer on the list of what is to be removed', async () => {
  const again = await createImage('#d51')
  const [before] = await upload([again])
  await purge(before ?? '')
  const [after] = await upload([again])
  await expectStored(after ?? '')
})

test('a kept reference stays for as long as a submission takes to be written', async () => {
  const [id] = await upload([await createImage('#e61')])
  const body = { prompt: 'e', referenceImages: [id] }
  const outcomes = await Promise.all([
    ingest.request('POST', '/api/generate', body).then(({ status }) => status),
    purge(id ?? '').then(
      () => 'purged',
      () => 'kept',
    ),
  ])
  expect([
    [202, 'kept'],
    [422, 'purged'],
  ]).toContainEqual(outcomes)
})

function wrapStore(store: Store): Store {
  return {
    ...store,
    put: async (key, body, options) => {
      const work = beforePut
      beforePut = undefined
      await work?.()
      return await store.put(key, body, options)
    },
  }
}

/** As the trash is purged: whatever refers to it is gone, then the row, and its objects are to be removed. */
async function purge(id: string): Promise<void> {
  const { sql } = ingest
  await sql.begin(async tx => {
    const using = await tx<{ id: string }[]>`
      select generation_id as id from generation_references where reference_id = ${id}`
    await tx`delete from generations where id = any(${using.map(row => row.id)}::uuid[])`
    const [row] = await tx<{ key: string }[]>`delete from reference_images where id = ${id} returning key`
    const name = row?.key.replace('.png', '') ?? ''
    for (const key of [`${name}.png`, `${name}.w320.webp`, `${name}.w960.webp`]) {
      await tx`insert into object_removals (key, remove_after) values (${key}, now())`
    }
  })
  const due = await sql<{ key: string }[]>`select key from object_removals`
  for (const { key } of due) await ingest.store.remove(key)
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
