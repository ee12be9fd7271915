import { expect, test } from 'bun:test'
import type { InputRole, ModelSpec } from '@darkroom/contracts/model'
import { transaction } from '@darkroom/infra/database/transaction'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import sharp from 'sharp'
import { ProviderError } from '../providers/adapter.ts'
import { openFakeOpenAi } from '../providers/openai/openai-env.fixture.ts'
import { startCompatibleEnv } from '../providers/openai-compatible/compatible-env.fixture.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import { loadReferences } from './provider-request.ts'

const SIZE = { width: 48, height: 32 }
const never = new AbortController().signal
let env: WorkerEnv
useWorkerEnv(opened => {
  env = opened
})

test('the pixels of source and mask that were painted arrive at the provider, with the operation that the verb asks for', async () => {
  await env.startWorker()
  const inputs: [InputRole, Buffer][] = [
    ['reference', await paint('teal', { width: 20, height: 20 })],
    ['mask', await paintMask()],
    ['source', await paint('crimson', SIZE)],
  ]
  const { operation, references } = await submitInputs('fake-studio', 'change-part', inputs)
  expect(operation).toBe('inpaint')
  expect(references.map(({ role, width, height }) => [role, width, height])).toEqual([
    ['source', 48, 32],
    ['reference', 20, 20],
    ['mask', 48, 32],
  ])
  const [source, , mask] = references
  const red = await readPixels(source?.sha256, 'source')
  const crimson = [220, 20, 60]
  expect(red.every((value, at) => Math.abs(value - (crimson[at % 3] ?? 0)) < 4)).toBe(true)
  expect(await readPixels(mask?.sha256, 'mask')).toEqual(
    await sharp(await paintMask())
      .greyscale()
      .raw()
      .toBuffer(),
  )
})

test('each verb becomes its operation where the model has it, else what its inputs amount to', async () => {
  await env.startWorker()
  const source: [InputRole, Buffer][] = [['source', await paint('olive', SIZE)]]
  const expected: [string, string, string, string][] = [
    ['fake-studio', 'edit', 'edit', 'source'],
    ['fake-studio', 'vary', 'vary', 'source'],
    ['fake-studio', 'upscale', 'upscale', 'source'],
    ['fake-studio', 'remove-background', 'remove-background', 'source'],
    ['fake-studio', 'reference', 'edit', 'source'],
    ['fake-studio', 'from-elsewhere', 'edit', 'source'],
    // A model without an input for a source takes it as its first frame, or as a reference.
    ['fake-image', 'vary', 'edit', 'reference'],
    ['fake-video', 'animate', 'animate', 'first-frame'],
  ]
  for (const [model, verb, operation, role] of expected) {
    const submitted = await submitInputs(model, verb, source)
    expect([model, verb, submitted.operation, submitted.references[0]?.role]).toEqual([model, verb, operation, role])
  }
  expect((await submitInputs('fake-studio', 'again', [])).operation).toBe('generate')
  const [generation] = await env.database`select kind from generation_outputs where kind = 'video' limit 1`
  expect({ ...generation }).toEqual({ kind: 'video' })
})

test('a mask is in the polarity of the model and the size of the source', async () => {
  await using images = openTestDecoder()
  const [source, mask] = [await paint('navy', SIZE), await paintMask({ width: 24, height: 16 })]
  const store = {
    get: async (key: string) => ({
      object: { bytes: 0, lastModified: new Date() },
      body: new Blob([key === 's' ? source : mask]),
    }),
  }
  const load = (polarity: ModelSpec['mask']) =>
    loadReferences(
      { store, images },
      [
        { key: 'm', role: 'mask' },
        { key: 's', role: 'source' },
      ],
      createTestModel({ id: 'm', name: 'M', connection: 'c', mask: polarity }),
      { signal: never },
    )
  // A pixel of the left half, which stays, and one of the right half, which may change: its last channel.
  const expected = { 'alpha-is-edit': [255, 0], 'white-is-edit': [0, 255], 'black-is-edit': [255, 0] } as const
  for (const [polarity, [stays, changes]] of Object.entries(expected)) {
    const loaded = await load(polarity as ModelSpec['mask'])
    expect(loaded.map(({ role }) => role)).toEqual(['reference', 'mask'])
    expect(loaded[1]).toMatchObject({ ...SIZE, mimeType: 'image/png' })
    const { data, info } = await sharp(loaded[1]?.bytes).raw().toBuffer({ resolveWithObject: true })
    const at = (x: number) => data[(16 * SIZE.width + x) * info.channels + info.channels - 1]
    expect([polarity, at(2), at(45)]).toEqual([polarity, stays, changes])
  }
  expect(load('none')).rejects.toThrow(ProviderError)
})

test('a compatible server gets the pixels of the mask in its polarity, and OpenAI takes those of its own', async () => {
  await using compatible = await startCompatibleEnv({ flavour: 'sdcpp' })
  await using openAi = await openFakeOpenAi()
  await env.startWorker({ adapters: [compatible.adapter, openAi.adapter] })
  const [model] = await compatible.adapter.models(never)
  const inputs: [InputRole, Buffer][] = [
    ['mask', await paintMask()],
    ['source', await paint('crimson', SIZE)],
  ]
  await makeFrom({ model: model?.id ?? '', provider: 'attic', verb: 'change-part' }, inputs)
  const mask = await sharp(compatible.fake.lastFile('mask')).greyscale().raw().toBuffer()
  expect(mask).toEqual(
    await sharp(await paintMask())
      .greyscale()
      .raw()
      .toBuffer(),
  )
  // The fake of OpenAI refuses a mask that is no PNG with an alpha channel in the size of the image.
  await makeFrom({ model: 'openai/gpt-image-2.6-flare', provider: 'openai', verb: 'change-part', size: 1_024 }, inputs)
  expect(openAi.fake.requests().at(-1)).toMatchObject({ path: '/v1/images/edits' })
})

/** Submits input images by a verb, and waits for the generation. @returns the submission as the provider received it */
async function submitInputs(model: string, verb: string, inputs: readonly [InputRole, Buffer][]) {
  await makeFrom({ model, verb, provider: 'fake' }, inputs)
  const submit = env.fake.requestLog.submits.at(-1)
  if (!submit) throw new Error('nothing was submitted')
  return submit
}

interface ChildFixture {
  model: string
  provider: string
  verb: string
  size?: number
}

/** Makes a generation from input images. */
async function makeFrom({ verb, ...queued }: ChildFixture, inputs: readonly [InputRole, Buffer][]): Promise<void> {
  const { database, workspaceId } = env
  const { model, provider } = queued
  const id = await insertQueuedGeneration(database, { workspaceId, ...queued })
  const kind = model === 'fake-video' ? 'video' : 'image'
  const parent = { generationId: id, outputIndex: 0, verb }
  await database`update generations set parent = ${database.json(parent)}, kind = ${kind} where id = ${id}`
  for (const [position, [role, bytes]] of inputs.entries()) await insertInput(id, { position, role, bytes })
  await env.publishJob(id, provider)
  const { status, error } = await env.waitUntilEnded(id)
  expect([status, error]).toEqual(['completed', null])
}

async function insertInput(id: string, { position, role, bytes }: { position: number; role: string; bytes: Buffer }) {
  const { database, store, workspaceId } = env
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const key = `w/${workspaceId}/ref/${sha256}.png`
  await store.put(key, bytes, { signal: never })
  await transaction(database, async tx => {
    const [image] = await tx<{ id: string }[]>`
      insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
      values (${crypto.randomUUID()}, ${workspaceId}, decode(${sha256}, 'hex'), ${key}, 'image/png', ${bytes.byteLength}, 1, 1)
      on conflict (workspace_id, sha256) do update set key = excluded.key returning id`
    await tx`
      insert into generation_references (generation_id, position, reference_id, role)
      values (${id}, ${position}, ${image?.id ?? null}, ${role})`
  })
}

async function readPixels(sha256: string | undefined, kind: 'source' | 'mask'): Promise<Buffer> {
  const bytes = env.fake.inputs.get(sha256 ?? '')
  if (!bytes) throw new Error('no such input arrived')
  return await (kind === 'mask' ? sharp(bytes).greyscale() : sharp(bytes).removeAlpha()).raw().toBuffer()
}

async function paint(background: string, size: { width: number; height: number }): Promise<Buffer> {
  return await sharp({ create: { ...size, channels: 3, background } })
    .png()
    .toBuffer()
}

/** Paints a mask whose right half is white: that part is to be changed. */
async function paintMask({ width, height } = SIZE): Promise<Buffer> {
  const white = await paint('white', { width: width / 2, height })
  return await sharp({ create: { width, height, channels: 3, background: 'black' } })
    .composite([{ input: white, left: width / 2, top: 0 }])
    .png()
    .toBuffer()
}
