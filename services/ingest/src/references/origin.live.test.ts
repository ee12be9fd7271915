import { afterAll, beforeAll, expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import { ReferenceOrigin } from '@darkroom/contracts/history/library'
import { References } from '@darkroom/contracts/reference'
import { addPngText } from '@darkroom/infra/testing/data/png-text'
import { measureCpuUntil } from '@darkroom/infra/testing/measure-cpu'
import sharp, { type Sharp } from 'sharp'
import { writeGeneration } from '../actions/generation.fixture.ts'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

const stack = new AsyncDisposableStack()
let ingest: TestIngest

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
})
afterAll(() => stack.disposeAsync())

test('an image that came out of this studio is recognised by its bytes until it is purged, rather where it is not deleted', async () => {
  const bytes = await paint('red')
  const id = await upload(bytes)
  expect(await readOrigin(id)).toEqual({ output: null, settings: null })
  const foreign = await createOutput(bytes, crypto.randomUUID())
  expect((await readOrigin(id)).output).toBeNull()
  const first = await createOutput(bytes)
  expect((await readOrigin(id)).output).toEqual({ generationId: first, outputIndex: 1 })
  const second = await createOutput(bytes)
  expect((await readOrigin(id)).output?.generationId).toBe(second)
  await ingest.request('DELETE', `/api/generate/${second}/outputs/1`)
  expect((await readOrigin(id)).output?.generationId).toBe(first)
  await ingest.request('DELETE', `/api/generate/${first}`)
  expect((await readOrigin(id)).output?.generationId).toBe(second)
  await ingest.sql`update generation_outputs set deleted_from = null, sha256 = null where generation_id = ${second} and index = 1`
  expect((await readOrigin(id)).output?.generationId).toBe(first)
  await ingest.request('DELETE', '/api/trash')
  expect((await readOrigin(id)).output).toBeNull()
  expect(foreign).not.toBe(first)
  for (const [target, as, status] of [
    [id, 'stranger', 404],
    [crypto.randomUUID(), 'owner', 404],
    ['x', 'owner', 422],
  ] as const)
    expect((await ingest.request('GET', `/api/references/${target}/origin`, undefined, as)).status).toBe(status)
})

const A1111 = `a valley, low cloud
second line
Negative prompt: people
Steps: 20, Sampler: "DPM++ 2M, Karras", CFG scale: 7.5, Seed: 123, Size: 512x768, Model: dream`
const SETTINGS = {
  prompt: 'a valley, low cloud\nsecond line',
  negativePrompt: 'people',
  model: 'dream',
  seed: 123,
  width: 512,
  height: 768,
  steps: 20,
  guidance: 7.5,
}
const TEXT_NODES = {
  6: { class_type: 'CLIPTextEncode', inputs: { text: ['8', 0] } },
  7: { class_type: 'CLIPTextEncode', inputs: { text: 'people' } },
  8: { class_type: 'PrimitiveString', inputs: { value: SETTINGS.prompt } },
}
const LATENT = { 5: { class_type: 'EmptyLatentImage', inputs: { width: 512, height: 768, batch_size: 1 } } }
const SAMPLER = {
  class_type: 'KSampler',
  inputs: { seed: 'SEED', steps: 20, cfg: 7.5, positive: ['6', 0], negative: ['7', 0], latent_image: ['5', 0] },
}
const COMFY = {
  ...{ ...TEXT_NODES, ...LATENT, 3: SAMPLER },
  4: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'dream' } },
}
const FLUX = {
  ...{ ...TEXT_NODES, ...LATENT },
  3: {
    class_type: 'SamplerCustomAdvanced',
    inputs: { noise: ['9', 0], guider: ['10', 0], sigmas: ['11', 0], latent_image: ['5', 0] },
  },
  4: { class_type: 'UNETLoader', inputs: { unet_name: 'dream' } },
  9: { class_type: 'RandomNoise', inputs: { noise_seed: 123 } },
  10: { class_type: 'CFGGuider', inputs: { cfg: 7.5, positive: ['6', 0], negative: ['7', 0] } },
  11: { class_type: 'BasicScheduler', inputs: { steps: 20, denoise: 1 } },
}
const INVOKE = {
  ...{ positive_prompt: SETTINGS.prompt, negative_prompt: 'people', seed: 123, steps: 20, cfg_scale: 7.5 },
  ...{ model: { name: 'dream' }, width: 512, height: 768 },
}
const OLD_INVOKE = {
  ...{ model_weights: 'dream', app_version: '2.3.5' },
  image: {
    prompt: [{ prompt: SETTINGS.prompt, weight: 1 }],
    steps: 20,
    cfg_scale: 7.5,
    seed: 123,
    width: 512,
    height: 768,
  },
}
const json = (value: object) => JSON.stringify(value)
const { negativePrompt: _, ...WITHOUT_NEGATIVE } = SETTINGS

test.each<[string, (png: Buffer) => Buffer | Promise<Buffer>, object]>([
  ['A1111 in a PNG', png => addPngText(png, 'parameters', A1111), { source: 'A1111', ...SETTINGS }],
  ['A1111 in a JPEG', png => withComment(sharp(png).jpeg(), A1111), { source: 'A1111', ...SETTINGS }],
  ['A1111 in a WebP', png => withComment(sharp(png).webp(), A1111), { source: 'A1111', ...SETTINGS }],
  [
    'ComfyUI, with a seed beyond 2^53',
    png => addPngText(png, 'prompt', json(COMFY).replace('"SEED"', '18446744073709551615')),
    { source: 'ComfyUI', ...SETTINGS, seed: '18446744073709551615' },
  ],
  ['ComfyUI, a custom sampler', png => addPngText(png, 'prompt', json(FLUX)), { source: 'ComfyUI', ...SETTINGS }],
  ['InvokeAI', png => addPngText(png, 'invokeai_metadata', json(INVOKE)), { source: 'InvokeAI', ...SETTINGS }],
  ['InvokeAI 2', png => addPngText(png, 'sd-metadata', json(OLD_INVOKE)), { source: 'InvokeAI', ...WITHOUT_NEGATIVE }],
  [
    'the demo',
    async png => await sharp(png).withXmp(createLabel('fog & <light>. Seed: 9. Then')).png().toBuffer(),
    { source: 'Darkroom', prompt: 'fog & <light>. Seed: 9. Then', model: 'demo', seed: 42 },
  ],
])('reads the settings of %s', async (name, write, settings) => {
  const { settings: read } = await readOrigin(await upload(await write(await paint('blue')), name))
  expect(read).toEqual(settings as never)
})

test('reads nothing from what is damaged, and is not slowed down by what is made to', async () => {
  const png = await paint('green')
  const links = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [
      at,
      {
        class_type: 'X',
        inputs: Object.fromEntries(Array.from({ length: 300 }, (_, to) => [`a${to}`, [String(to), 0]])),
      },
    ]),
  )
  const sampler = { class_type: 'KSampler', inputs: { positive: ['0', 0] } }
  const bomb = Buffer.concat([Buffer.from('parameters\0\0', 'latin1'), deflateSync(Buffer.alloc(40_000_000, 32))])
  const hostile: [string, Buffer, object | null][] = [
    ['JSON that is none', addPngText(png, 'prompt', '{'), null],
    [
      'a long line',
      addPngText(png, 'parameters', `p\nSteps: 1, ${'"a'.repeat(500_000)}`),
      { source: 'A1111', prompt: 'p', steps: 1 },
    ],
    ['a graph in circles', addPngText(png, 'prompt', json({ s: sampler, ...links })), { source: 'ComfyUI' }],
    ['a bomb', Array.from({ length: 3 }).reduce<Buffer>(file => addPngText(file, '', bomb, 'zTXt'), png), null],
    ['EXIF that points out of the file', await withComment(sharp(png).jpeg(), 'x', 0x7f_ff_ff_ff), null],
  ]
  for (const [name, bytes, settings] of hostile) {
    const id = await upload(bytes, name)
    const cost = await measureCpuUntil(async () =>
      expect({ name, ...(await readOrigin(id)) }).toEqual({ name, output: null, settings: settings as never }),
    )
    expect([name, cost < 5_000]).toEqual([name, true])
  }
})

async function readOrigin(id: string): Promise<ReferenceOrigin> {
  const response = await ingest.request('GET', `/api/references/${id}/origin`)
  expect(response.status).toBe(200)
  return ReferenceOrigin.parse(await response.json())
}

async function upload(bytes: Buffer, name = 'a'): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)]), `${name}.png`)
  const response = await ingest.send(new Request('http://localhost/api/references', { method: 'POST', body: form }))
  expect([name, response.status]).toEqual([name, 201])
  return References.parse(await response.json())[0]?.id ?? ''
}

/** Creates a generation whose second output has these bytes. @returns its id */
async function createOutput(bytes: Buffer, workspaceId = ingest.owner.workspaceId): Promise<string> {
  const id = await writeGeneration(ingest.sql, { workspaceId, status: 'completed', outputs: ['stored', 'stored'] })
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest()
  await ingest.sql`update generation_outputs set sha256 = ${sha256} where generation_id = ${id} and index = 1`
  return id
}

async function paint(background: string): Promise<Buffer> {
  return await sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .png()
    .toBuffer()
}

function createLabel(prompt: string): string {
  const escaped = prompt.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Darkroom Demo (x)"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">Procedural image, no AI model. Prompt: ${escaped}. Seed: 42. Output: 1.</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>`
}

/** Encodes an image with an EXIF user comment, as A1111 does: the encoding in eight characters, then UTF-16. */
async function withComment(image: Sharp, text: string, offset = 44): Promise<Buffer> {
  const comment = Buffer.concat([Buffer.from('UNICODE\0', 'latin1'), Buffer.from(text, 'utf16le').swap16()])
  const head = Buffer.alloc(44)
  head.write('MM\0*', 0, 'latin1')
  head.writeUInt32BE(8, 4)
  // The main directory with a link to that of EXIF at 26, which has the comment at 44.
  head.writeUInt16BE(1, 8)
  writeEntry(head, 10, [0x87_69, 4, 1, 26])
  head.writeUInt16BE(1, 26)
  writeEntry(head, 28, [0x92_86, 7, comment.length, offset])
  const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), head, comment])
  const encoded = await image.toBuffer()
  return encoded.toString('latin1', 0, 4) === 'RIFF' ? addWebpExif(encoded, exif) : addJpegExif(encoded, exif)
}

function writeEntry(head: Buffer, at: number, [tag, type, count, value]: [number, number, number, number]): void {
  head.writeUInt16BE(tag, at)
  head.writeUInt16BE(type, at + 2)
  head.writeUInt32BE(count, at + 4)
  head.writeUInt32BE(value, at + 8)
}

function addJpegExif(jpeg: Buffer, exif: Buffer): Buffer {
  const segment = Buffer.from([0xff, 0xe1, (exif.length + 2) >> 8, (exif.length + 2) & 0xff])
  return Buffer.concat([jpeg.subarray(0, 2), segment, exif, jpeg.subarray(2)])
}

/** Adds an EXIF chunk, and the extended header that announces it. */
function addWebpExif(webp: Buffer, exif: Buffer): Buffer {
  const header = Buffer.from([0x08, 0, 0, 0, 39, 0, 0, 29, 0, 0])
  const chunks = Buffer.concat([createChunk('VP8X', header), webp.subarray(12), createChunk('EXIF', exif)])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(chunks.length + 4)
  return Buffer.concat([Buffer.from('RIFF'), size, Buffer.from('WEBP'), chunks])
}

function createChunk(name: string, data: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(data.length)
  return Buffer.concat([Buffer.from(name), size, data, Buffer.alloc(data.length & 1)])
}
