import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { deflateSync, inflateSync } from 'node:zlib'
import { Generation } from '@darkroom/contracts/generation'
import { ImportMessage, type ImportReport } from '@darkroom/contracts/history/import-report'
import { parseTimeZone } from '@darkroom/contracts/history/time-zone'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { addPngText } from '@darkroom/infra/testing/data/png-text'
import { measureCpu, measureCpuUntil } from '@darkroom/infra/testing/measure-cpu'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import sharp from 'sharp'
import { type BackfillEnv, openBackfillEnv } from '../backfill/backfill-env.fixture.ts'
import { migrateBatch } from '../backfill/migrate-batch.ts'
import { createImage, toDataUrl } from '../backfill/old-row.fixture.ts'
import { type ImportDeps, importSource } from './import.ts'
import { toClientId } from './import-ids.ts'
import { createNotes } from './notes.ts'
import { createImportLog } from './report.ts'
import { openSource } from './source.ts'

const IDENTITY = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: true }
const stack = new AsyncDisposableStack()
let env: BackfillEnv
let deps: Omit<ImportDeps, 'folder' | 'log' | 'isDryRun'>

beforeAll(async () => {
  env = stack.use(await openBackfillEnv())
  const { database, store, images, signal } = env.deps
  deps = { database, store, images, signal, identity: IDENTITY, budget: createByteBudget(64_000_000) }
})
afterAll(() => stack.disposeAsync())

test('imports the lines of another system once, with their outputs, and the backfill migrates them', async () => {
  const uuid = crypto.randomUUID()
  await Bun.write(join(env.directory, 'made', 'one.png'), await createImage('png', 48))
  const lines = [
    {
      id: uuid,
      prompt: 'one',
      modelId: 'flux',
      status: 'SUCCEEDED',
      createdAt: '2023-01-02T03:04:05Z',
      outputs: [{ file: 'made/one.png' }],
      parameters: { aspectRatio: '1:1', referenceImages: [toDataUrl(await createImage())] },
    },
    {
      id: 'run-17',
      prompt: 'two',
      status: 'processing',
      outputs: [{ fileUrl: 'https://example.com/a.png', width: 64, height: 64 }],
    },
    { id: 18, prompt: 'three', status: 'failed', error: { message: 'no credit' } },
  ]
  const path = join(env.directory, 'generations.jsonl')
  await Bun.write(
    path,
    `${lines.map(line => JSON.stringify(line)).join('\n')}\n\nnot json\n{"id":"x","outputs":[{"file":"../../etc/passwd"}]}`,
  )
  const puts = env.puts.length
  const expected = {
    imported: 3,
    known: 0,
    failures: [
      { name: 'line 5', reason: 'is not JSON' },
      { name: 'line 6', reason: '../../etc/passwd is outside of the folder' },
    ],
  }
  expect(await runImport(path, { isDryRun: true })).toMatchObject(expected)
  expect(env.puts.length).toBe(puts)
  expect(await runImport(path)).toMatchObject(expected)
  expect(env.puts.length).toBe(puts + 3)
  expect(await runImport(path)).toMatchObject({ imported: 0, known: 3 })
  expect(env.puts.length).toBe(puts + 3)
  const one = await findGeneration(uuid)
  expect(one).toMatchObject({
    clientId: uuid,
    status: 'completed',
    model: 'flux',
    createdAt: '2023-01-02T03:04:05.000000Z',
  })
  expect(one.outputs).toMatchObject([{ state: 'stored', width: 48, height: 48 }])
  expect(await findGeneration(toClientId('run-17'))).toMatchObject({
    status: 'completed',
    outputs: [{ state: 'temporary', width: 64 }],
  })
  expect(await findGeneration(toClientId('18'))).toMatchObject({ status: 'failed', error: { message: 'no credit' } })
  const options = { runId: null, dryRun: false, concurrency: 2, cursor: null, limit: 10 }
  expect(await migrateBatch(env.deps, options)).toMatchObject({ moved: { updated: 1, images: 1 }, failures: [] })
  expect((await findGeneration(uuid)).references).toHaveLength(1)
})

test('stores outputs that are text, and files by whatever name a line has for them', async () => {
  const folder = join(env.directory, 'names')
  const image = await createImage('png', 32)
  await Bun.write(join(folder, 'made', 'a b.png'), image)
  const names = ['made/a b.png', './made/a b.png', '/made/a b.png', 'made\\a b.png', 'made/a%20b.png?v=2']
  const addresses = [
    `file://${folder}/made/a%20b.png`,
    `${folder}/made/a b.png`,
    toDataUrl(image),
    '//example.com/a.png',
  ]
  const wrong: [string, string][] = [
    ['made/none.png', 'made/none.png is not there'],
    ['file:///etc/hostname', 'file:///etc/hostname is not there'],
    ['../../../etc/hostname', '../../../etc/hostname is outside of the folder'],
    ['data:image/png;base64,iVBORw0KGgo=', 'outputs.0 is damaged or cut short'],
    ['data:image/png;base64,@@', 'outputs.0 has characters that are not base64'],
    ['data:image/png,abc', 'outputs.0 is not a base64 data URL'],
  ]
  const urls = [...names, ...addresses, ...wrong.map(([url]) => url)]
  const lines = urls.map((url, index) => JSON.stringify({ id: `name-${index}`, outputs: [{ url }] }))
  await Bun.write(join(folder, 'lines.jsonl'), lines.join('\n'))
  const report = await runImport(join(folder, 'lines.jsonl'))
  expect(report.failures.map(({ reason }) => reason)).toEqual(wrong.map(([, reason]) => reason))
  expect(report.imported).toBe(urls.length - wrong.length)
  const states = await env.sql<{ state: string }[]>`
    select o.state from generations g join generation_outputs o on o.generation_id = g.id
    where g.client_id = any(${urls.map((_, index) => toClientId(`name-${index}`))}::uuid[])`
  expect(states.map(({ state }) => state).toSorted()).toEqual([...Array(8).fill('stored'), 'temporary'])
  await Bun.write(join(folder, 'made', 'none.png'), image)
  expect(await runImport(join(folder, 'lines.jsonl'))).toMatchObject({ imported: 1, known: 9, failed: 5 })
})

test('knows the generations of its own download, and imports those of another studio with their files', async () => {
  const folder = join(env.directory, 'download')
  await Bun.write(join(folder, 'fox-1.png'), await createImage('png', 32))
  const [first] = await env.sql<{ id: string }[]>`select id from generations limit 1`
  const file = {
    name: 'fox-1.png',
    outputIndex: 0,
    sha256: 'x',
    bytes: 9,
    mimeType: 'image/png',
    width: 32,
    height: 32,
  }
  const line = {
    prompt: 'fox',
    model: 'm',
    kind: 'image',
    parameters: { seed: 7 },
    seed: 7,
    references: [],
    files: [file],
  }
  const another = Bun.randomUUIDv7()
  const gone = { url: 'https://example.com/a.png', filename: 'gone.png' }
  const lines = [
    { ...line, id: first?.id },
    { ...line, id: another },
    { ...line, id: 'gone', files: [gone] },
  ]
  await Bun.write(join(folder, 'manifest.jsonl'), lines.map(item => JSON.stringify(item)).join('\n'))
  expect(await runImport(join(folder, 'manifest.jsonl'))).toMatchObject({ imported: 2, known: 1, failed: 0 })
  expect(await findGeneration(another)).toMatchObject({
    parameters: { seed: 7 },
    outputs: [{ state: 'stored', width: 32 }],
  })
  expect(await findGeneration(toClientId('gone'))).toMatchObject({ outputs: [{ state: 'temporary' }] })
})

test('reports in a dry run what the run will, of ids that are there twice, too', async () => {
  const path = await writeLines('twice', 203, index => (index < 202 ? { id: `twice-${index % 201}` } : { status: 5 }))
  const expected = { imported: 201, known: 1, failed: 1 }
  expect(await runImport(path, { isDryRun: true })).toMatchObject(expected)
  expect(await runImport(path)).toMatchObject(expected)
})

test('names the one that the database refuses, and imports the others of its batch', async () => {
  await env.sql`
    create function refuse_prompt() returns trigger language plpgsql as
    'begin if new.prompt = ''refused'' then raise exception using errcode = ''22023''; end if; return new; end'`
  await env.sql`create trigger refuse_prompt before insert on generations for each row execute function refuse_prompt()`
  const isRefused = (index: number) => [0, 17, 18, 299].includes(index)
  const path = await writeLines('refused', 300, index => ({ prompt: isRefused(index) ? 'refused' : 'fine' }))
  const reason = 'has a value that the database does not take'
  const expected = {
    imported: 296,
    failures: [1, 18, 19, 300].map(line => ({ name: `line ${line}`, reason })),
  }
  expect(await runImport(path, { isDryRun: true })).toMatchObject(expected)
  expect(await countGenerations('refused')).toBe(0)
  expect(await runImport(path)).toMatchObject(expected)
  expect(await countGenerations('refused')).toBe(296)
  await env.sql`drop trigger refuse_prompt on generations`
})

test('tries a batch again while the database is away, and ends if it stays away', async () => {
  const path = await writeLines('away', 20, () => ({}))
  const lost = () => Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' })
  let calls = 0
  const begin = async (work: never) => {
    calls += 1
    if (calls === 1) throw lost()
    const result = await deps.database.begin(work)
    // It is unknown whether this one was committed.
    if (calls === 2) throw lost()
    return result
  }
  const flaky = new Proxy(deps.database, { get: (target, key) => (key === 'begin' ? begin : Reflect.get(target, key)) })
  expect(await runImport(path, { database: flaky })).toMatchObject({ imported: 20, known: 0, failed: 0 })
  expect(await countGenerations('away')).toBe(20)
  const broken = new Proxy(deps.database, { apply: () => Promise.reject(new Error('no such table')) })
  await expect(runImport(path, { database: broken })).rejects.toThrow('no such table')
})

test('an import that is killed twice imports each line once, and names the bad ones in its last run', async () => {
  const path = await writeLines('killed', 1_000, index => (index % 100 === 50 ? { createdAt: 'never' } : {}))
  const settings = { DATABASE_URL: env.databaseUrl, NATS_URL: 'nats://127.0.0.1:1', DATA_DIR: env.directory }
  const start = () => {
    const command = [process.execPath, '--no-env-file', join(import.meta.dirname, 'main.ts'), path]
    return Bun.spawn(command, { env: { ...process.env, ...settings, LOG_LEVEL: 'silent' }, stdout: 'pipe' })
  }
  for (const rows of [1, 400]) {
    const child = start()
    const isFarEnough = async () => (await countGenerations('killed')) >= rows || child.exitCode !== null
    await waitFor('rows of the import', 60_000, isFarEnough, 5)
    child.kill('SIGKILL')
    await child.exited
  }
  const last = start()
  const messages = (await new Response(last.stdout).text())
    .trim()
    .split('\n')
    .map(line => ImportMessage.parse(JSON.parse(line)))
  const failures = messages.flatMap(message => (message.type === 'failure' ? [message.failure.name] : []))
  expect(failures).toEqual(Array.from({ length: 10 }, (_, index) => `line ${100 * index + 51}`))
  expect(await last.exited).toBe(1)
  expect(messages.at(-1)).toMatchObject({ type: 'report', report: { failed: 10, isComplete: true } })
  expect(await countGenerations('killed')).toBe(990)
})

test.each([
  [
    'A1111',
    'parameters',
    'a valley, low cloud\nsecond line\nNegative prompt: people\nSteps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 123, Size: 48x48, Model: "dream, xl"',
    'dream, xl',
    { steps: 20, sampler: 'Euler a', cfgScale: 7.5 },
  ],
  [
    'ComfyUI',
    'prompt',
    JSON.stringify({
      3: {
        class_type: 'KSampler',
        inputs: {
          seed: 123,
          steps: 20,
          cfg: 7.5,
          positive: ['6', 0],
          negative: ['7', 0],
          model: ['4', 0],
          latent_image: ['5', 0],
        },
      },
      4: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'dream, xl' } },
      6: { class_type: 'CLIPTextEncode', inputs: { text: 'a valley, low cloud\nsecond line' } },
      7: { class_type: 'CLIPTextEncode', inputs: { text: 'people' } },
    }),
    'dream, xl',
    { steps: 20, cfg: 7.5 },
  ],
  [
    'InvokeAI',
    'invokeai_metadata',
    JSON.stringify({
      positive_prompt: 'a valley, low cloud\nsecond line',
      negative_prompt: 'people',
      seed: 123,
      steps: 20,
      cfg_scale: 7.5,
      model: { name: 'dream, xl' },
      width: 48,
      height: 48,
    }),
    'dream, xl',
    { steps: 20, cfgScale: 7.5 },
  ],
])('imports the prompt and the settings of images made with %s', async (name, key, text, model, settings) => {
  const folder = join(env.directory, name)
  await Bun.write(join(folder, 'sub', 'a.png'), addPngText(await createImage('png', 48), key, text))
  await Bun.write(join(folder, 'b.png'), await createImage('png', 48))
  const failures = [{ name: 'b.png', reason: 'says nothing of how it was made' }]
  expect(await runImport(folder)).toMatchObject({ imported: 1, known: 0, failures })
  expect(await runImport(folder)).toMatchObject({ imported: 0, known: 1, failures })
  const [row] = await env.sql<{ clientId: string }[]>`
    select client_id as "clientId" from generations order by id desc limit 1`
  const generation = await findGeneration(row?.clientId ?? '')
  expect(generation).toMatchObject({ prompt: 'a valley, low cloud\nsecond line', model, status: 'completed' })
  expect(generation.parameters).toEqual({
    aspectRatio: '1:1',
    numOutputs: 1,
    seed: 123,
    negativePrompt: 'people',
    settings,
  })
  const stored = await env.readBytes(generation.outputs[0]?.url?.slice('/media/'.length) ?? '')
  expect((await sharp(stored).metadata()).width).toBe(48)
})

test('an image full of packed texts is rejected, and costs about what it does without them', async () => {
  const folder = join(env.directory, 'packed')
  const deflated = deflateSync(Buffer.alloc(32_000_000))
  const once = measureCpu(() => inflateSync(deflated))
  const bomb = Buffer.concat([Buffer.from('a\0\0'), deflated])
  const plain = addPngText(await createImage('png', 256), 'parameters', 'packed\nSteps: 20')
  const packed = Array.from({ length: 20 }).reduce<Buffer>(png => addPngText(png, '', bomb, 'zTXt'), plain)
  await Bun.write(join(folder, 'a', 'a.png'), await createImage('png', 255))
  await Bun.write(join(folder, 'b', 'b.png'), plain)
  await Bun.write(join(folder, 'c', 'c.png'), packed)
  const costs: number[] = []
  const reports: ImportReport[] = []
  for (const name of ['a', 'b', 'c']) {
    costs.push(await measureCpuUntil(async () => reports.push(await runImport(join(folder, name)))))
  }
  expect(reports).toMatchObject([
    { failed: 1 },
    { imported: 1 },
    { failures: [{ reason: expect.stringContaining('has far more text than any program writes') }] },
  ])
  const [, before = 0, after = 0] = costs
  // Half of what it takes to inflate all twenty. The first image also loads the decoder.
  expect(after).toBeLessThan(before + 10 * once)
})

async function runImport(path: string, { isDryRun = false, database = deps.database } = {}): Promise<ImportReport> {
  const notes = createNotes()
  const log = createImportLog(notes, () => {})
  const timeZone = parseTimeZone('UTC')
  if (!timeZone) throw new Error('there is no zone')
  const source = await openSource(path, { timeZone, includesAll: false, notes })
  await importSource({ ...deps, database, folder: source.folder, isDryRun, log }, source)
  return log.createReport({ dryRun: isDryRun, isComplete: true, seconds: 0 })
}

/** Writes a file of lines with ids of a common beginning. */
async function writeLines(name: string, count: number, create: (index: number) => object): Promise<string> {
  const path = join(env.directory, `${name}.jsonl`)
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ id: `${name}-${index}`, model: name, createdAt: '2024-05-06T07:08:09Z', ...create(index) }),
  )
  await Bun.write(path, lines.join('\n'))
  return path
}

async function countGenerations(model: string): Promise<number> {
  const rows = await env.sql`select from generations where model = ${model}`
  return rows.length
}

async function findGeneration(clientId: string): Promise<Generation> {
  const [row] = await env.sql<{ id: string }[]>`select id from generations where client_id = ${clientId}`
  const document = await readGeneration(env.sql, { id: row?.id ?? '', workspaceId: IDENTITY.workspaceId })
  return Generation.parse(JSON.parse(document ?? 'null'))
}
