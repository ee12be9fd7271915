import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { Generation } from '@darkroom/contracts/generation'
import type { ImportReport } from '@darkroom/contracts/history/import-report'
import { parseTimeZone } from '@darkroom/contracts/history/time-zone'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { addPngText } from '@darkroom/infra/testing/data/png-text'
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
}, 60_000)
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
  const bomb = Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(32_000_000))])
  const plain = addPngText(await createImage('png', 256), 'parameters', 'packed\nSteps: 20')
  const packed = Array.from({ length: 20 }).reduce<Buffer>(png => addPngText(png, '', bomb, 'zTXt'), plain)
  await Bun.write(join(folder, 'a', 'a.png'), await createImage('png', 255))
  await Bun.write(join(folder, 'b', 'b.png'), plain)
  await Bun.write(join(folder, 'c', 'c.png'), packed)
  const costs: number[] = []
  const reports: ImportReport[] = []
  for (const name of ['a', 'b', 'c']) {
    const start = process.cpuUsage()
    reports.push(await runImport(join(folder, name)))
    const { user, system } = process.cpuUsage(start)
    costs.push(user + system)
  }
  expect(reports).toMatchObject([
    { failed: 1 },
    { imported: 1 },
    { failures: [{ reason: expect.stringContaining('has far more text than any program writes') }] },
  ])
  const [, before = 0, after = 0] = costs
  // Unpacking takes seconds. The first image also loads the decoder.
  expect(after).toBeLessThan(Math.max(5 * before, 500_000))
})

async function runImport(path: string, { isDryRun = false } = {}): Promise<ImportReport> {
  const notes = createNotes()
  const log = createImportLog(notes, () => {})
  const timeZone = parseTimeZone('UTC')
  if (!timeZone) throw new Error('there is no zone')
  const source = await openSource(path, { now: new Date(), timeZone, includesAll: false, notes })
  await importSource({ ...deps, folder: source.folder, isDryRun, log }, source)
  return log.createReport({ dryRun: isDryRun, isComplete: true, seconds: 0 })
}

async function findGeneration(clientId: string): Promise<Generation> {
  const [row] = await env.sql<{ id: string }[]>`select id from generations where client_id = ${clientId}`
  const document = await readGeneration(env.sql, { id: row?.id ?? '', workspaceId: IDENTITY.workspaceId })
  return Generation.parse(JSON.parse(document ?? 'null'))
}
