import { afterAll, expect, test } from 'bun:test'
import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { ModelSpec } from '@darkroom/contracts/model'
import { computeSize } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { type Lab, labFromRgb } from '../../../demo/color/oklab.ts'
import {
  type CallOptions,
  ProviderError,
  type ProviderOutput,
  type ProviderReference,
  type ProviderRequest,
} from '../adapter.ts'
import { createDemoAdapter } from './demo-adapter.ts'
import { openWorkerPool } from './worker-pool.ts'

const adapter = createDemoAdapter()
afterAll(() => adapter.close())

const SMALL: ProviderRequest = {
  model: 'demo',
  kind: 'image',
  operation: 'generate',
  prompt: 'hills & <valleys> at dusk',
  width: 256,
  height: 192,
  aspectRatio: '4:3',
  resolution: 224,
  indices: [0],
  seed: 7,
  settings: {},
  references: [],
}

test('gives the same bytes for the same request, from any thread', async () => {
  const [first, again] = await Promise.all([draw(SMALL), draw(SMALL)])
  const other = createDemoAdapter()
  const elsewhere = await draw(SMALL, {}, other)
  other.close()
  expect(first.equals(again)).toBe(true)
  expect(first.equals(elsewhere)).toBe(true)
})

test('gives another image for another seed, index, prompt, setting or reference', async () => {
  const requests: ProviderRequest[] = [
    SMALL,
    { ...SMALL, seed: 8 },
    { ...SMALL, indices: [1] },
    { ...SMALL, prompt: 'hills at dawn' },
    { ...SMALL, settings: { grain: 0.9 } },
    { ...SMALL, settings: { mood: 'storm' } },
    { ...SMALL, references: [await createReference('#c0392b')] },
    { ...SMALL, references: [await createReference('#2455a4')] },
  ]
  const pixels = await Promise.all(
    requests.map(async request =>
      sharp(await draw(request))
        .raw()
        .toBuffer(),
    ),
  )
  expect(new Set(pixels.map(one => Bun.hash(one))).size).toBe(requests.length)
})

test('draws every aspect ratio in its own size, as PNG', async () => {
  for (const ratio of ASPECT_RATIOS) {
    const size = computeSize(ratio, 512)
    const [output] = await collectOutputs({ ...SMALL, ...size })
    expect(output).toMatchObject({ kind: 'bytes', mimeType: 'image/png' })
    const { format, width, height } = await sharp(bytesOf(output)).metadata()
    expect({ format, width, height }).toEqual({ format: 'png', ...size })
  }
})

test.each([['#b5452c'], ['#2f6fb0'], ['#4d8a3a'], ['#7a3f9a']])(
  'takes the colours of its reference, %s',
  async colour => {
    const references = [await createReference(colour)]
    const wanted = await computeHue(references[0]?.bytes ?? new Uint8Array())
    const got = await Promise.all([1, 2].map(async seed => computeHue(await draw({ ...SMALL, seed, references }))))
    for (const hue of got) expect(hueDistance(hue, wanted)).toBeLessThan(15)
  },
)

test('takes the light of its reference: light at the top stays at the top', async () => {
  const halves = async (top: string, bottom: string) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="90" height="60" fill="${top}"/><rect y="30" width="90" height="30" fill="${bottom}"/></svg>`
    const references = [await encodeReference(svg)]
    const { data, info } = await sharp(await draw({ ...SMALL, references }))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const middle = (info.height / 2) * info.width
    return mean(data.subarray(0, middle)) - mean(data.subarray(middle))
  }
  expect(await halves('#dfe8f2', '#20303a')).toBeGreaterThan(40)
  expect(await halves('#20303a', '#dfe8f2')).toBeLessThan(-20)
})

test('states in the image that no AI model made it', async () => {
  const { xmp } = await sharp(await draw(SMALL)).metadata()
  const description = xmp?.toString() ?? ''
  expect(description).toContain('Procedural image, no AI model')
  expect(description).toContain('digitalsourcetype/algorithmicMedia"')
  expect(description).not.toContain('trained')
  expect(description).toContain('hills &amp; &lt;valleys&gt; at dusk')
  expect(description).toContain('Seed: 7')
})

test('yields outputs one by one, in the order of their indices, while the rest is being drawn', async () => {
  const seen: { index: number; progress: number }[] = []
  let progress = 0
  const submitted = await submit({ ...SMALL, indices: [4, 5, 6, 7] }, { onProgress: fraction => (progress = fraction) })
  for await (const { index } of submitted) seen.push({ index, progress })
  expect(seen.map(one => one.index)).toEqual([4, 5, 6, 7])
  expect(seen[0]?.progress).toBeLessThan(1)
})

test('gives the same output in a call of several as in a call of its own', async () => {
  const together = await collectOutputs({ ...SMALL, indices: [0, 1, 2] })
  expect(Buffer.from(bytesOf(together[2])).equals(await draw({ ...SMALL, indices: [2] }))).toBe(true)
})

test('reports progress that only increases, in many steps, and ends at one', async () => {
  const progress: number[] = []
  await collectOutputs({ ...SMALL, indices: [0, 1, 2] }, { onProgress: fraction => progress.push(fraction) })
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(progress.at(-1)).toBe(1)
  expect(new Set(progress).size).toBeGreaterThan(20)
})

test('does not block the event loop while it draws', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  await draw({ ...SMALL, width: 1024, height: 1024 })
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(20)
})

test('ends the threads at once on an abort, and rejects with its reason', async () => {
  const pool = openWorkerPool(2)
  const stop = new AbortController()
  const reason = new Error('the user cancelled')
  const progress: number[] = []
  const onProgress = (fraction: number) => {
    progress.push(fraction)
    stop.abort(reason)
  }
  const request = { ...SMALL, width: 2048, height: 2048, indices: [0, 1, 2, 3] }
  const outputs = collectOutputs(request, { signal: stop.signal, onProgress }, createDemoAdapter(pool))
  expect(await outputs.catch((error: unknown) => error)).toBe(reason)
  expect(pool.threads).toBe(0)
  expect(progress.length).toBe(1)
})

test('draws nothing with an aborted signal', async () => {
  const pool = openWorkerPool(2)
  const signal = AbortSignal.abort(new Error('too late'))
  await expect(collectOutputs(SMALL, { signal }, createDemoAdapter(pool))).rejects.toThrow('too late')
  expect(pool.threads).toBe(0)
})

test('stops drawing when the iteration is left', async () => {
  const pool = openWorkerPool(2)
  const own = createDemoAdapter(pool)
  let progress = 0
  const request = { ...SMALL, indices: [0, 1, 2, 3, 4, 5] }
  for await (const { index } of await submit(request, { onProgress: fraction => (progress = fraction) }, own)) {
    expect(index).toBe(0)
    break
  }
  const left = progress
  await collectOutputs({ ...SMALL, indices: [0, 1, 2] }, {}, own)
  expect(progress).toBe(left)
  expect(progress).toBeLessThan(0.7)
  own.close()
})

test('starts threads when they are needed, two at most, and reuses them', async () => {
  const pool = openWorkerPool(2)
  const own = createDemoAdapter(pool)
  expect(pool.threads).toBe(0)
  await collectOutputs({ ...SMALL, indices: [0, 1, 2, 3, 4] }, {}, own)
  expect(pool.threads).toBe(2)
  own.close()
  expect(pool.threads).toBe(0)
  await expect(collectOutputs(SMALL, {}, own)).rejects.toBeInstanceOf(ProviderError)
})

test('rejects an unreadable reference and an unknown model', async () => {
  const bytes = new TextEncoder().encode('not a picture')
  const unreadable = collectOutputs({ ...SMALL, references: [{ ...(await createReference('#b5452c')), bytes }] })
  await expect(unreadable).rejects.toMatchObject({ code: 'reference_unreadable', failure: 'permanent' })
  await expect(collectOutputs({ ...SMALL, model: 'other' })).rejects.toMatchObject({ failure: 'permanent' })
})

test('describes itself as no AI model', async () => {
  const [model] = await adapter.models(AbortSignal.timeout(60_000))
  expect(ModelSpec.parse(model)).toMatchObject({ id: 'demo', name: 'Demo (no AI model)', price: { kind: 'free' } })
  expect(model?.note).toContain('No AI model')
})

async function submit(request: ProviderRequest, options: Partial<CallOptions> = {}, by = adapter) {
  const signal = AbortSignal.timeout(60_000)
  if (by.submitting.kind !== 'local') throw new Error('expected a local adapter')
  return await by.submitting.make(request, { idempotencyKey: 'test', signal, ...options })
}

async function collectOutputs(request: ProviderRequest, options?: Partial<CallOptions>, by?: typeof adapter) {
  return Array.fromAsync(await submit(request, options, by))
}

async function draw(request: ProviderRequest, options?: Partial<CallOptions>, by?: typeof adapter): Promise<Buffer> {
  const [output] = await collectOutputs(request, options, by)
  return Buffer.from(bytesOf(output))
}

function bytesOf(output: ProviderOutput | undefined): Uint8Array {
  if (output?.kind !== 'bytes') throw new Error('expected bytes')
  return output.bytes
}

/** Creates a reference image of one hue, from dark to light. */
async function createReference(colour: string): Promise<ProviderReference> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="120" height="80" fill="${colour}"/><rect width="120" height="30" fill="#fff" opacity="0.5"/><rect y="60" width="120" height="20" opacity="0.6"/></svg>`
  return await encodeReference(svg)
}

async function encodeReference(svg: string): Promise<ProviderReference> {
  const { data, info } = await sharp(Buffer.from(svg)).png().toBuffer({ resolveWithObject: true })
  return { role: 'reference', mimeType: 'image/png', bytes: data, width: info.width, height: info.height }
}

/** Computes the average hue of an image, in degrees. */
async function computeHue(bytes: Uint8Array): Promise<number> {
  const rgb = await sharp(bytes).resize(64, 64, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  const labs = Array.from(
    { length: 4096 },
    (_, i): Lab => labFromRgb(rgb[i * 3] ?? 0, rgb[i * 3 + 1] ?? 0, rgb[i * 3 + 2] ?? 0),
  )
  return (Math.atan2(mean(labs.map(lab => lab[2])), mean(labs.map(lab => lab[1]))) * 180) / Math.PI
}

function hueDistance(one: number, other: number): number {
  const difference = Math.abs(one - other) % 360
  return Math.min(difference, 360 - difference)
}

function mean(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((sum, one) => sum + one, 0) / numbers.length
}
