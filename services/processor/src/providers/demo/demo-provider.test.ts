import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { Model } from '@darkroom/contracts/model'
import { computeSize } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { type Lab, labFromRgb } from '../../../demo/color/oklab.ts'
import { type CallOptions, ProviderError, type ProviderOutput, type ProviderRequest } from '../provider.ts'
import { createDemoProvider } from './demo-provider.ts'
import { openWorkerPool } from './worker-pool.ts'

// Others may be using the processors.
setDefaultTimeout(20_000)

const provider = createDemoProvider()
afterAll(() => provider.close())

const SMALL: ProviderRequest = {
  model: 'demo',
  kind: 'image',
  prompt: 'hills & <valleys> at dusk',
  width: 256,
  height: 192,
  indices: [0],
  seed: 7,
  settings: {},
  references: [],
}

test('the same request gives the same bytes, from whichever thread', async () => {
  const [first, again] = await Promise.all([drawn(SMALL), drawn(SMALL)])
  const other = createDemoProvider()
  const elsewhere = await drawn(SMALL, {}, other)
  other.close()
  expect(first.equals(again)).toBe(true)
  expect(first.equals(elsewhere)).toBe(true)
})

test('another seed, index, prompt, setting or reference gives another picture', async () => {
  const requests: ProviderRequest[] = [
    SMALL,
    { ...SMALL, seed: 8 },
    { ...SMALL, indices: [1] },
    { ...SMALL, prompt: 'hills at dawn' },
    { ...SMALL, settings: { grain: 0.9 } },
    { ...SMALL, settings: { mood: 'storm' } },
    { ...SMALL, references: [await coloured('#c0392b')] },
    { ...SMALL, references: [await coloured('#2455a4')] },
  ]
  const pixels = await Promise.all(
    requests.map(async request =>
      sharp(await drawn(request))
        .raw()
        .toBuffer(),
    ),
  )
  expect(new Set(pixels.map(one => Bun.hash(one))).size).toBe(requests.length)
})

test('every aspect ratio has its own size and is a PNG', async () => {
  for (const ratio of ASPECT_RATIOS) {
    const size = computeSize(ratio, 512)
    const [output] = await outputsOf({ ...SMALL, ...size })
    expect(output).toMatchObject({ kind: 'bytes', mimeType: 'image/png' })
    const { format, width, height } = await sharp(bytesOf(output)).metadata()
    expect({ format, width, height }).toEqual({ format: 'png', ...size })
  }
})

test.each([['#b5452c'], ['#2f6fb0'], ['#4d8a3a'], ['#7a3f9a']])(
  'takes the colours of its reference, %s',
  async colour => {
    const references = [await coloured(colour)]
    const wanted = await hueOf(references[0]?.bytes ?? new Uint8Array())
    const got = await Promise.all([1, 2].map(async seed => hueOf(await drawn({ ...SMALL, seed, references }))))
    for (const hue of got) expect(between(hue, wanted)).toBeLessThan(15)
  },
)

test('takes the light of its reference: what is light above is light above', async () => {
  const halves = async (top: string, bottom: string) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="90" height="60" fill="${top}"/><rect y="30" width="90" height="30" fill="${bottom}"/></svg>`
    const references = [{ mimeType: 'image/png', bytes: await sharp(Buffer.from(svg)).png().toBuffer() }]
    const { data, info } = await sharp(await drawn({ ...SMALL, references }))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const middle = (info.height / 2) * info.width
    return mean(data.subarray(0, middle)) - mean(data.subarray(middle))
  }
  expect(await halves('#dfe8f2', '#20303a')).toBeGreaterThan(40)
  expect(await halves('#20303a', '#dfe8f2')).toBeLessThan(-20)
})

test('says in the picture that no AI model made it', async () => {
  const { xmp } = await sharp(await drawn(SMALL)).metadata()
  const description = xmp?.toString() ?? ''
  expect(description).toContain('Procedural image, no AI model')
  expect(description).toContain('digitalsourcetype/algorithmicMedia"')
  expect(description).not.toContain('trained')
  expect(description).toContain('hills &amp; &lt;valleys&gt; at dusk')
  expect(description).toContain('Seed: 7')
})

test('outputs come one by one, in the order of their indices, while the rest is still being drawn', async () => {
  const seen: { index: number; progress: number }[] = []
  let progress = 0
  const submitted = await submit({ ...SMALL, indices: [4, 5, 6, 7] }, { onProgress: fraction => (progress = fraction) })
  for await (const { index } of submitted) seen.push({ index, progress })
  expect(seen.map(one => one.index)).toEqual([4, 5, 6, 7])
  expect(seen[0]?.progress).toBeLessThan(1)
})

test('an output of a call is the same as when it is asked for alone', async () => {
  const together = await outputsOf({ ...SMALL, indices: [0, 1, 2] })
  expect(Buffer.from(bytesOf(together[2])).equals(await drawn({ ...SMALL, indices: [2] }))).toBe(true)
})

test('progress only rises, in many steps, and ends at one', async () => {
  const progress: number[] = []
  await outputsOf({ ...SMALL, indices: [0, 1, 2] }, { onProgress: fraction => progress.push(fraction) })
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(progress.at(-1)).toBe(1)
  expect(new Set(progress).size).toBeGreaterThan(20)
})

test('other work goes on while a picture is drawn', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  await drawn({ ...SMALL, width: 1024, height: 1024 })
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(20)
})

test('an abort ends the threads at once and rejects with its reason', async () => {
  const pool = openWorkerPool(2)
  const stop = new AbortController()
  const reason = new Error('the person cancelled')
  const progress: number[] = []
  const onProgress = (fraction: number) => {
    progress.push(fraction)
    stop.abort(reason)
  }
  const request = { ...SMALL, width: 2048, height: 2048, indices: [0, 1, 2, 3] }
  const outputs = outputsOf(request, { signal: stop.signal, onProgress }, createDemoProvider(pool))
  expect(await outputs.catch((error: unknown) => error)).toBe(reason)
  expect(pool.threads).toBe(0)
  expect(progress.length).toBe(1)
})

test('an abort before it begins draws nothing', async () => {
  const pool = openWorkerPool(2)
  const signal = AbortSignal.abort(new Error('too late'))
  await expect(outputsOf(SMALL, { signal }, createDemoProvider(pool))).rejects.toThrow('too late')
  expect(pool.threads).toBe(0)
})

test('who stops asking stops the drawing', async () => {
  const pool = openWorkerPool(2)
  const own = createDemoProvider(pool)
  let progress = 0
  const request = { ...SMALL, indices: [0, 1, 2, 3, 4, 5] }
  for await (const { index } of await submit(request, { onProgress: fraction => (progress = fraction) }, own)) {
    expect(index).toBe(0)
    break
  }
  const left = progress
  await outputsOf({ ...SMALL, indices: [0, 1, 2] }, {}, own)
  expect(progress).toBe(left)
  expect(progress).toBeLessThan(0.7)
  own.close()
})

test('threads are made when they are needed, two at most, and used again', async () => {
  const pool = openWorkerPool(2)
  const own = createDemoProvider(pool)
  expect(pool.threads).toBe(0)
  await outputsOf({ ...SMALL, indices: [0, 1, 2, 3, 4] }, {}, own)
  expect(pool.threads).toBe(2)
  own.close()
  expect(pool.threads).toBe(0)
  await expect(outputsOf(SMALL, {}, own)).rejects.toBeInstanceOf(ProviderError)
})

test('says what is wrong with a reference or a model', async () => {
  const bytes = new TextEncoder().encode('not a picture')
  const unreadable = outputsOf({ ...SMALL, references: [{ mimeType: 'image/png', bytes }] })
  await expect(unreadable).rejects.toMatchObject({ code: 'reference_unreadable', failure: 'permanent' })
  await expect(outputsOf({ ...SMALL, model: 'other' })).rejects.toMatchObject({ failure: 'permanent' })
})

test('describes itself as a model that is none', async () => {
  const [model] = await provider.models(AbortSignal.timeout(1_000))
  expect(Model.parse(model)).toMatchObject({ id: 'demo', name: 'Demo (no AI model)', cost: null })
  expect(model?.note).toContain('No AI model')
})

async function submit(request: ProviderRequest, options: Partial<CallOptions> = {}, by = provider) {
  const signal = AbortSignal.timeout(20_000)
  const submitted = await by.submit(request, { idempotencyKey: 'test', signal, ...options })
  if (submitted.kind !== 'outputs') throw new Error('the demo answers at once')
  return submitted.outputs
}

async function outputsOf(request: ProviderRequest, options?: Partial<CallOptions>, by?: typeof provider) {
  return Array.fromAsync(await submit(request, options, by))
}

async function drawn(request: ProviderRequest, options?: Partial<CallOptions>, by?: typeof provider): Promise<Buffer> {
  const [output] = await outputsOf(request, options, by)
  return Buffer.from(bytesOf(output))
}

function bytesOf(output: ProviderOutput | undefined): Uint8Array {
  if (output?.kind !== 'bytes') throw new Error('the demo gives bytes')
  return output.bytes
}

/** A picture of one colour, from dark to light. */
async function coloured(colour: string) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="120" height="80" fill="${colour}"/><rect width="120" height="30" fill="#fff" opacity="0.5"/><rect y="60" width="120" height="20" opacity="0.6"/></svg>`
  return { mimeType: 'image/png', bytes: await sharp(Buffer.from(svg)).png().toBuffer() }
}

/** In degrees, of all the colour in a picture together. */
async function hueOf(bytes: Uint8Array): Promise<number> {
  const rgb = await sharp(bytes).resize(64, 64, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  const labs = Array.from(
    { length: 4096 },
    (_, i): Lab => labFromRgb(rgb[i * 3] ?? 0, rgb[i * 3 + 1] ?? 0, rgb[i * 3 + 2] ?? 0),
  )
  return (Math.atan2(mean(labs.map(lab => lab[2])), mean(labs.map(lab => lab[1]))) * 180) / Math.PI
}

function between(one: number, other: number): number {
  const apart = Math.abs(one - other) % 360
  return Math.min(apart, 360 - apart)
}

function mean(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((sum, one) => sum + one, 0) / numbers.length
}
