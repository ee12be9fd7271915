import { afterAll, beforeAll, expect, test } from 'bun:test'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { ModelSpec } from '@darkroom/contracts/model'
import { isProcessAlive } from '@darkroom/infra/runtime/process-liveness'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import sharp from 'sharp'
import { enlarge, type Pixels } from '../../../upscaler/enlarge.ts'
import { createNetwork } from '../../../upscaler/network.ts'
import { readNetworkFiles } from '../../../upscaler/network-files.ts'
import type { Scale } from '../../../upscaler/protocol.ts'
import { openTensorFlow } from '../../../upscaler/tensorflow.ts'
import { type Adapter, type CallOptions, ProviderError, type ProviderRequest } from '../adapter.ts'
import { createDemoAdapter } from '../demo/demo-adapter.ts'
import { createLocalAdapter } from './local-adapter.ts'
import { openTestPackages, openTestUpscaler } from './test-upscaler.fixture.ts'

const upscaler = openTestUpscaler()
const adapter = createLocalAdapter({ connection: 'local', upscaler })
const demo = createDemoAdapter()
const { signal } = new AbortController()
const ROWS = 8
let directory: string
/** Larger than a tile in both directions. */
let landscape: Pixels
/** A few of its rows. */
let strip: Uint8Array

// The packages are downloaded the first time.
beforeAll(async () => {
  directory = await openTestPackages().install(signal)
  landscape = await drawLandscape()
  strip = await encode({ ...landscape, data: landscape.data.subarray(0, landscape.width * ROWS * 3), height: ROWS })
}, 600_000)
afterAll(async () => {
  await upscaler.close()
  demo.close()
})

test.each([2, 4] as const)('enlarges a picture %d times, and no seam of its tiles shows', async scale => {
  const shares: number[] = []
  const made = await decode(await upscale(await encode(landscape), scale, { onProgress: share => shares.push(share) }))
  expect(made.info).toMatchObject({ width: landscape.width * scale, height: landscape.height * scale, channels: 3 })
  expect(made.data.equals(await enlargeInOneTile(landscape, scale))).toBe(true)
  const { data: plain } = await decode(
    await sharp(await encode(landscape))
      .resize(made.info.width, made.info.height, { kernel: 'cubic' })
      .png()
      .toBuffer(),
  )
  expect(meanDifference(made.data, plain)).toBeLessThan(6)
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(shares.length).toBeGreaterThan(1)
  expect(shares.at(-1)).toBeLessThanOrEqual(1)
})

test('keeps transparency, and gives the same colours with it', async () => {
  const { width } = landscape
  const opaque = { ...landscape, data: landscape.data.subarray(0, width * ROWS * 3), height: ROWS }
  const alpha = Uint8Array.from({ length: width * ROWS }, (_, at) => (at % width < width / 2 ? 255 : 0))
  const image = sharp(strip).joinChannel(Buffer.from(alpha), { raw: { width, height: ROWS, channels: 1 } })
  const made = await upscale(await image.png().toBuffer(), 2)
  const { data, info } = await decode(made)
  expect(info).toMatchObject({ width: width * 2, height: ROWS * 2, channels: 4 })
  const alphaAt = (x: number, y: number) => data[(y * info.width + x) * 4 + 3]
  expect([alphaAt(2, ROWS), alphaAt(info.width - 2, ROWS)]).toEqual([255, 0])
  const colors = await sharp(made).removeAlpha().raw().toBuffer()
  expect(colors.equals(await enlargeInOneTile(opaque, 2))).toBe(true)
})

test('a cancel ends the process with the work, and what waits is made in its turn', async () => {
  const bytes = await encode(landscape)
  const stopped = new AbortController()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const first = upscale(bytes, 4, { signal: stopped.signal, onProgress: () => begin() }).catch(error => error)
  const left = new AbortController()
  const second = upscale(bytes, 4, { signal: left.signal }).catch(error => error)
  const order: number[] = []
  const others = [1, 2].map(number => upscale(strip, 2).then(() => order.push(number)))
  await begun
  const [pid] = upscaler.listPids()
  left.abort(new Error('left the queue'))
  stopped.abort(new Error('cancelled'))
  expect([(await first).message, (await second).message]).toEqual(['cancelled', 'left the queue'])
  await waitFor('the process to end', 60_000, async () => !isProcessAlive(pid ?? 0))
  await Promise.all(others)
  expect(order).toEqual([1, 2])
})

test('the process has a low priority and no secrets, ends without work, and is started again when there is some', async () => {
  const task = { bytes: strip, scale: 2 } as const
  await using idle = openTestUpscaler({ idleMs: 50 })
  await idle.upscale(task, signal)
  await waitFor('the idle process to end', 60_000, async () => idle.listPids().length === 0)
  await idle.upscale(task, signal)
  await using own = openTestUpscaler()
  await own.upscale(task, signal)
  const [pid = 0] = own.listPids()
  expect(getPriority(pid)).toBe(10)
  expect(await Bun.file(`/proc/${pid}/environ`).text()).not.toMatch(/(^|\0)(PATH|HOME|DATABASE_URL)=/)
  process.kill(pid, 'SIGKILL')
  await waitFor('the killed process to be missed', 60_000, async () => own.listPids().length === 0)
  await own.upscale(task, signal)
  await own.close()
  expect(own.listPids()).toEqual([])
  await expect(own.upscale(task, signal)).rejects.toMatchObject({ code: 'interrupted' })
})

test('a process that is ended by something else fails its image, and no other', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const failed = upscale(await encode(landscape), 4, { onProgress: () => begin() }).catch(error => error)
  const next = upscale(strip, 2)
  await begun
  process.kill(upscaler.listPids()[0] ?? 0, 'SIGKILL')
  expect(await failed).toMatchObject({ code: 'provider_failed', failure: 'permanent' })
  await next
})

test('the process does not outlive a processor that is killed', async () => {
  const command = [process.execPath, join(import.meta.dirname, 'upscaler-parent.fixture.ts')]
  // It ends with its input, if this test ends early.
  const parent = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe' })
  using _ = { [Symbol.dispose]: () => parent.kill('SIGKILL') }
  const { value } = await parent.stdout.getReader().read()
  const [pid] = JSON.parse(new TextDecoder().decode(value)) as number[]
  parent.kill('SIGKILL')
  await parent.exited
  await waitFor('the upscaler to end', 60_000, async () => await isGone(pid))
})

test('refuses what is no image, more than one, or too large, and says so', async () => {
  const broken = Buffer.from('no picture')
  await expect(upscale(broken, 2)).rejects.toMatchObject({ code: 'provider_failed', failure: 'permanent' })
  const request = createRequest(broken, 4, { width: 4_000, height: 2_000 })
  await expect(make(request)).rejects.toMatchObject({ code: 'reference_refused' })
  await expect(make({ ...request, references: [] })).rejects.toMatchObject({ code: 'reference_refused' })
  await expect(make({ ...request, model: 'local/other' })).rejects.toMatchObject({ code: 'model_unknown' })
})

test('is checked by a picture of a few pixels, and offers a model for each scale', async () => {
  expect(await adapter.checkConnection(signal)).toEqual({ ok: true, note: 'It works: 2 models, free.' })
  const models = await adapter.models(signal)
  expect(models.map(model => ModelSpec.parse(model).id)).toEqual(['local/upscale-2x', 'local/upscale-4x'])
  const failed = createLocalAdapter({ connection: 'local', upscaler: { ...upscaler, prepare: failPreparing } })
  expect(await failed.checkConnection(signal)).toMatchObject({ ok: false, error: { message: 'The disk is full.' } })
  await expect(failed.models(signal)).rejects.toThrow('The disk is full.')
  const slow = createLocalAdapter({ connection: 'local', upscaler: { ...upscaler, prepare: waitForAbort } })
  const check = await slow.checkConnection(AbortSignal.timeout(10))
  expect(check).toMatchObject({ ok: false, error: { message: expect.stringContaining('still being downloaded') } })
})

async function failPreparing(): Promise<never> {
  throw new ProviderError('provider_failed', { message: 'The disk is full.' })
}

async function waitForAbort(signal: AbortSignal): Promise<void> {
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

async function drawLandscape(): Promise<Pixels> {
  const request = { ...createRequest(new Uint8Array(), 2), model: 'demo', width: 200, height: 168, references: [] }
  const { data, info } = await decode(await make(request, {}, demo))
  return { data, width: info.width, height: info.height, channels: 3 }
}

/** Enlarges a picture as a whole in this process, which is what its tiles must amount to. */
async function enlargeInOneTile(image: Pixels, scale: Scale): Promise<Uint8Array> {
  const files = join(directory, 'node_modules', '@upscalerjs', 'esrgan-slim', 'models', `x${scale}`)
  const network = createNetwork(await openTensorFlow(directory), await readNetworkFiles(files), scale)
  const [width, height] = [image.width * scale, image.height * scale]
  const whole = { data: new Uint8Array(width * height * 3), width, height, channels: 3 } as const
  await enlarge(network, image, whole, { tiles: { side: 1_000, overlap: 0 } })
  return whole.data
}

async function upscale(bytes: Uint8Array, scale: Scale, options: Partial<CallOptions> = {}): Promise<Uint8Array> {
  return await make(createRequest(bytes, scale), options)
}

async function make(request: ProviderRequest, options: Partial<CallOptions> = {}, by: Adapter = adapter) {
  if (by.submitting.kind !== 'local') throw new Error('expected a local adapter')
  const outputs = await Array.fromAsync(
    await by.submitting.make(request, { idempotencyKey: 'test', signal, ...options }),
  )
  const [output] = outputs
  if (outputs.length !== 1 || output?.kind !== 'bytes') throw new Error('expected the bytes of one output')
  return output.bytes
}

function createRequest(bytes: Uint8Array, scale: Scale, size = { width: 200, height: 168 }): ProviderRequest {
  return {
    model: `local/upscale-${scale}x`,
    kind: 'image',
    operation: 'upscale',
    prompt: 'mountains at dusk',
    width: size.width * scale,
    height: size.height * scale,
    aspectRatio: '6:5',
    resolution: 'auto',
    indices: [0],
    seed: 7,
    settings: {},
    references: [{ role: 'source', mimeType: 'image/png', bytes, ...size }],
  }
}

async function encode({ data, width, height, channels }: Pixels): Promise<Uint8Array> {
  return await sharp(data, { raw: { width, height, channels } }).png().toBuffer()
}

async function decode(bytes: Uint8Array) {
  return await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
}

function meanDifference(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length
}

/** Returns whether a process has ended. One that nobody waits for stays behind as a zombie. */
async function isGone(pid: number | undefined): Promise<boolean> {
  const status = await Bun.file(`/proc/${pid}/status`)
    .text()
    .catch(() => '')
  return !/^State:\s+[^Z]/m.test(status)
}
