import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { ManifestLine } from '@darkroom/contracts/history/download'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import sharp from 'sharp'
import { openTestQuery, type TestQuery } from '../app.fixture.ts'
import { insertRow, type RowOverrides } from '../rows.fixture.ts'
import { ROW_BATCH } from './plan.ts'
import { readZip } from './zip-reader.fixture.ts'

const stack = new AsyncDisposableStack()
const ALICE = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const BOB = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const SECRET = 'steps: 20, taken at home'

let query: TestQuery
/** Reader of the app: that of the store, unless a test replaces it. */
let readObject: Store['get']
let image: Buffer

beforeAll(async () => {
  const identify = async (request: Request) => (request.headers.get('x-test') === 'bob' ? BOB : ALICE)
  const replaceStore = (store: Store): Store => ({ ...store, get: (key, options) => readObject(key, options) })
  query = stack.use(await openTestQuery({ identify, replaceStore }))
  image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } })
    .withExif({ IFD0: { ImageDescription: SECRET } })
    .png()
    .toBuffer()
})
beforeEach(() => {
  readObject = query.store.get
})
afterAll(() => stack.disposeAsync())

test('puts the originals into a ZIP, named by their prompts, with a manifest', async () => {
  const parent = { id: await insertStored({ prompt: 'Ein Bär', outputs: ['stored'] }), verb: 'vary' }
  const first = await insertStored({ prompt: 'Ein Bär, im Schnee!', outputs: ['stored', 'stored'], parent })
  const again = await insertStored({ prompt: 'ein bär im schnee', outputs: ['stored', 'temporary', 'lost'] })
  const other = await insertStored({ prompt: '雪の中の狐', outputs: ['stored', 'stored'] })
  const response = await query.get(`/api/download?ids=${first},${again},${other}.1,${other}.1`)
  expect(response.headers.get('content-type')).toBe('application/zip')
  expect(response.headers.get('content-disposition')).toMatch(
    /^attachment; filename="darkroom-\d{4}-\d\d-\d\d-4\.zip"$/,
  )
  const files = readZip(Buffer.from(await response.bytes()))
  expect(files.map(({ name }) => name)).toEqual([
    'ein-bar-im-schnee-1.png',
    'ein-bar-im-schnee-2.png',
    'ein-bar-im-schnee_2-1.png',
    '雪の中の狐-2.png',
    'manifest.jsonl',
  ])
  expect(files.slice(0, 4).every(({ bytes }) => bytes.equals(image))).toBe(true)
  const lines = readManifest(files)
  expect(lines.map(({ id, files, missing }) => [id, files.map(({ name }) => name).length, missing])).toEqual([
    [first, 2, []],
    [
      again,
      1,
      [
        { outputIndex: 1, state: 'temporary' },
        { outputIndex: 2, state: 'lost' },
      ],
    ],
    [other, 1, []],
  ])
  expect(lines[0]).toMatchObject({
    ...{ prompt: 'Ein Bär, im Schnee!', model: 'demo', kind: 'image', seed: 7, parameters: { seed: 7 } },
    references: [{ sha256: null, role: 'reference' }],
    parent: { generationId: parent.id, outputIndex: 0, verb: 'vary' },
    cost: null,
  })
  expect(lines[0]?.files[0]).toEqual({
    ...{ name: 'ein-bar-im-schnee-1.png', outputIndex: 0, bytes: image.length, width: null, height: null },
    ...{ sha256: new Bun.CryptoHasher('sha256').update(image).digest('hex'), mimeType: 'image/png' },
  })
})

test('takes ids by POST, and writes images without metadata', async () => {
  const id = await insertStored({ prompt: 'a boat', outputs: ['stored'] })
  const clip = await insertStored({ prompt: 'a boat', outputs: ['stored'], kind: 'video' })
  await query.sql`update generation_outputs set mime_type = 'video/mp4' where generation_id = ${clip}`
  const response = await post({ ids: [id, clip], metadata: 'none' })
  const files = readZip(Buffer.from(await response.bytes()))
  expect([image.includes(SECRET), files[0]?.bytes.includes(SECRET)]).toEqual([true, false])
  expect((await sharp(files[0]?.bytes).metadata()).width).toBe(8)
  expect(files[1]?.bytes.equals(image)).toBe(true)
  expect(readManifest(files).map(line => line.files[0]?.metadata)).toEqual(['removed', 'unchanged'])
})

test('takes ten thousand ids, and writes those of several batches in their order', async () => {
  const prompts = Array.from({ length: 2 * ROW_BATCH + 1 }, (_, index) => `number ${index}`)
  const ids = await Promise.all(prompts.map(prompt => insertRow(query.sql, ALICE.workspaceId, { prompt, outputs: [] })))
  const response = await post({ ids: [...ids, ...repeat(ids, 10_000 - ids.length)] })
  expect(response.status).toBe(200)
  const lines = readManifest(readZip(Buffer.from(await response.bytes())))
  expect(lines.map(({ prompt }) => prompt)).toEqual(prompts)
  const missing = await post({ ids: [...ids, crypto.randomUUID()] })
  expect([missing.status, ((await missing.json()) as { code: string }).code]).toEqual([404, 'not_found'])
})

test('sends two at once to a workspace, and takes another one once a client has gone or has all', async () => {
  const id = await insertStored({ outputs: ['stored'] })
  const foreign = await insertRow(query.sql, BOB.workspaceId, { outputs: ['lost'] })
  const path = `/api/download?ids=${id}`
  readObject = createEndlessObject().get
  const [first, second] = await Promise.all([query.get(path), query.get(path)])
  const third = await query.get(path)
  expect([third.status, third.headers.get('retry-after'), ((await third.json()) as { code: string }).code]).toEqual([
    429,
    '10',
    'too_many',
  ])
  expect((await query.head(path)).status).toBe(200)
  expect((await query.get(`/api/download?ids=${foreign}`, { 'x-test': 'bob' })).status).toBe(200)
  readObject = query.store.get
  const reader = first.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await waitFor('a free slot', 60_000, async () => (await downloadAll(path)) === 200)
  await second.body?.cancel()
  // Each of them ends before the next begins: none leaves its slot taken.
  for (let count = 0; count < 5; count += 1) expect(await downloadAll(path)).toBe(200)
  expect((await query.get(`/api/download?ids=${crypto.randomUUID()}`)).status).toBe(404)
  await waitFor('two free slots', 60_000, async () => {
    const responses = await Promise.all([query.get(path), query.get(path)])
    await Promise.all(responses.map(response => response.bytes()))
    return responses.every(({ status }) => status === 200)
  })
})

test('names a file that the store has lost, and a ZIP of nothing else is whole', async () => {
  const id = await insertRow(query.sql, ALICE.workspaceId, { outputs: ['stored'] })
  const files = readZip(Buffer.from(await (await query.get(`/api/download?ids=${id}`)).bytes()))
  expect(files.map(({ name }) => name)).toEqual(['manifest.jsonl'])
  expect(readManifest(files)[0]?.missing).toEqual([{ outputIndex: 0, state: 'stored' }])
})

test('refuses what is not there, not the workspace’s or too much, before the first byte', async () => {
  const id = await insertStored({ outputs: ['stored'] })
  const foreign = await insertRow(query.sql, BOB.workspaceId, { outputs: ['stored'] })
  for (const ids of [crypto.randomUUID(), `${id},${foreign}`, `${id}.1`]) {
    const response = await query.get(`/api/download?ids=${ids}`)
    expect([ids, response.status, response.headers.get('content-type')]).toEqual([ids, 404, 'application/problem+json'])
  }
  const many = Array.from({ length: 10_001 }, () => crypto.randomUUID())
  for (const body of [
    { ids: [] },
    { ids: many },
    { ids: ['x'] },
    { ids: [`${id}.`] },
    { ids: [id], metadata: 'all' },
    {},
  ])
    expect([body, (await post(body)).status]).toEqual([body, 422])
  for (const parameters of ['', 'ids=', 'ids=x', `ids=${id}&metadata=`, `ids=${id}&other=1`])
    expect([parameters, (await query.get(`/api/download?${parameters}`)).status]).toEqual([parameters, 422])
})

test('answers HEAD without reading a file', async () => {
  const id = await insertStored({ prompt: 'a boat', outputs: ['stored', 'lost'] })
  readObject = async () => {
    throw new Error('read')
  }
  const zip = await query.head(`/api/download?ids=${id}`)
  expect([zip.status, zip.headers.get('x-download-bytes')]).toEqual([200, String(image.length)])
  expect(zip.headers.get('content-disposition')).toContain('-1.zip')
  const file = await query.head(`/api/download/${id}/0`)
  expect([file.status, file.headers.get('content-disposition')]).toEqual([200, 'attachment; filename="a-boat-1.png"'])
  for (const path of [`?ids=${crypto.randomUUID()}`, `/${id}/1`, `/${id}/2`])
    expect((await query.head(`/api/download${path}`)).status).toBe(404)
})

test('reads no further than a slow client, and stops when it goes away', async () => {
  const ids = await Promise.all(Array.from({ length: 3 }, () => insertStored({ outputs: ['stored'] })))
  const endless = createEndlessObject()
  readObject = endless.get
  const response = await query.get(`/api/download?ids=${ids.join(',')}`)
  const reader = response.body?.getReader()
  await reader?.read()
  const chunksAtRest = await endless.waitUntilStill()
  expect([endless.opened(), chunksAtRest < 200]).toEqual([1, true])
  await reader?.cancel()
  await waitFor('the end of the work', 60_000, async () => endless.closed() === 1)
  expect(endless.opened()).toBe(1)
})

test('breaks off when the store fails, so that no one takes the ZIP for whole', async () => {
  const ids = await Promise.all(Array.from({ length: 2 }, () => insertStored({ outputs: ['stored'] })))
  let reads = 0
  readObject = async key => {
    reads += 1
    if (reads > 1) throw new StoreError('is away')
    return await query.store.get(key)
  }
  await expect(query.get(`/api/download?ids=${ids.join(',')}`).then(response => response.bytes())).rejects.toThrow()
  expect((await query.get(`/api/download/${ids[0]}/0`)).status).toBe(503)
})

test('sends one file by the name of its prompt, as it is or without metadata', async () => {
  const id = await insertStored({ prompt: '雪の中の "狐" (1)', outputs: ['stored', 'lost'] })
  const original = await query.get(`/api/download/${id}/0`)
  expect(original.headers.get('content-disposition')).toBe(
    `attachment; filename="image-1.png"; filename*=UTF-8''${encodeURIComponent('雪の中の-狐-1-1.png')}`,
  )
  expect([original.headers.get('content-type'), original.headers.get('x-metadata')]).toEqual(['image/png', 'unchanged'])
  expect(Buffer.from(await original.bytes()).equals(image)).toBe(true)
  const cleaned = await query.get(`/api/download/${id}/0?metadata=none`)
  expect(cleaned.headers.get('x-metadata')).toBe('removed')
  expect(Buffer.from(await cleaned.bytes()).includes(SECRET)).toBe(false)
  const lost = await query.get(`/api/download/${id}/1`)
  expect([lost.status, await lost.text()]).toEqual([
    404,
    expect.stringContaining('was not saved from where it was made'),
  ])
  expect((await query.get(`/api/download/${id}/0`, { 'x-test': 'bob' })).status).toBe(404)
  for (const path of [`${id}/-1`, `${id}/x`, 'x/0', `${id}/0?metadata=all`])
    expect([path, (await query.get(`/api/download/${path}`)).status]).toEqual([path, 422])
})

test('opens a file without metadata that has none to remove once, and for HEAD not at all', async () => {
  const id = await insertStored({ outputs: ['stored'], kind: 'video' })
  await query.sql`update generation_outputs set mime_type = 'video/mp4' where generation_id = ${id}`
  let reads = 0
  readObject = (key, options) => {
    reads += 1
    return query.store.get(key, options)
  }
  const path = `/api/download/${id}/0?metadata=none`
  const head = await query.head(path)
  expect([head.status, head.headers.get('x-metadata'), reads]).toEqual([200, 'unchanged', 0])
  const file = await query.get(path)
  expect([Buffer.from(await file.bytes()).equals(image), reads]).toEqual([true, 1])
})

/** Reads a download to its end. @returns the status */
async function downloadAll(path: string): Promise<number> {
  const response = await query.get(path)
  await response.bytes()
  return response.status
}

function repeat<T>(values: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, index) => values[index % values.length] as T)
}

/** Inserts a generation whose stored outputs are in the store. */
async function insertStored(overrides: RowOverrides): Promise<string> {
  const id = await insertRow(query.sql, ALICE.workspaceId, { reference: 'https://example.com/a.png', ...overrides })
  const rows = await query.sql<{ key: string }[]>`
    update generation_outputs set bytes = ${image.length}, sha256 = sha256(${image}) where generation_id = ${id} and key is not null
    returning key`
  for (const { key } of rows) await query.store.put(key, image, { signal: AbortSignal.timeout(60_000) })
  await query.sql`update generations set parameters = '{"seed": 7}', version = version + 1 where id = ${id}`
  return id
}

function readManifest(files: ReturnType<typeof readZip>): ManifestLine[] {
  const lines = files.at(-1)?.bytes.toString('utf8').trimEnd().split('\n') ?? []
  return lines.map(line => ManifestLine.parse(JSON.parse(line)))
}

/** Creates an object that has no end, and counts what is read of it. */
function createEndlessObject() {
  const chunk = new Uint8Array(64 * 1024)
  let [opened, closed, chunks] = [0, 0, 0]
  const get: Store['get'] = async () => {
    opened += 1
    const body = new ReadableStream<Uint8Array>({
      pull: controller => {
        chunks += 1
        controller.enqueue(chunk)
      },
      cancel: () => {
        closed += 1
      },
    })
    return { object: { bytes: 1, lastModified: new Date() }, body }
  }
  const waitUntilStill = async () => {
    let before = -1
    await waitFor(
      'a standstill',
      60_000,
      async () => {
        const isStill = before === chunks
        before = chunks
        return isStill
      },
      200,
    )
    return chunks
  }
  return { get, opened: () => opened, closed: () => closed, waitUntilStill }
}

async function post(body: object): Promise<Response> {
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  return await fetch(`http://127.0.0.1:${query.port}/api/download`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
}
