import { expect, test } from 'bun:test'
import { join } from 'node:path'
import sharp from 'sharp'
import { openTestDecoder } from '../../../testing/test-decoder.ts'
import { createTestDirectory } from '../../../testing/test-resources.ts'
import { waitFor } from '../../../testing/wait-for.ts'
import { createMetrics } from '../../metrics.ts'
import { isProcessAlive } from '../../runtime/process-liveness.ts'
import { REFERENCE_LIMITS } from '../check-image.ts'
import { readImage } from '../image.ts'
import { encodeMask } from '../mask.ts'
import { MediaError } from '../media-error.ts'
import { stripMetadata } from '../strip-metadata.ts'
import { DecoderError } from './decoder-error.ts'
import { createDecoderMetrics } from './decoder-metrics.ts'
import { type Behavior, makeHostileImage } from './hostile-image.fixture.ts'
import type { ImageDecoder } from './image-decoder.ts'
import { readCpuMs } from './process-usage.ts'

const HOSTILE = join(import.meta.dirname, 'hostile-decoder.fixture.ts')
const signal = new AbortController().signal
const TIMEOUT_MS = 60_000
const photo = await sharp({ create: { width: 1200, height: 800, channels: 3, background: '#a42' } })
  .withExif({ IFD0: { Artist: 'somebody' } })
  .jpeg()
  .toBuffer()

test('every operation gives what it gives in this process, of bytes and of a file', async () => {
  await using images = openTestDecoder()
  await using directory = await createTestDirectory()
  const file = { path: join(directory.path, 'photo.jpg'), bytes: photo.byteLength }
  await Bun.write(file.path, photo)
  const expected = await readImage(photo, REFERENCE_LIMITS)
  const { previews, placeholder, ...properties } = expected
  expect(placeholder).not.toBe('')
  const target = { width: 30, height: 20 }
  for (const input of [photo, file]) {
    expect(await images.read(input, REFERENCE_LIMITS, { signal })).toEqual(expected)
    expect(await images.validate(input, REFERENCE_LIMITS, { signal })).toEqual(properties)
    const fast = await images.makePreviews(input, REFERENCE_LIMITS, { signal })
    expect(fast.map(({ width }) => width)).toEqual(previews.map(({ width }) => width))
    const copy = await images.encodeProviderCopy(input, REFERENCE_LIMITS, { signal })
    expect(copy).toEqual(toPlain(await stripMetadata(photo)))
    // Whose size it gets may be a whole image: its bytes are not sent.
    const mask = { polarity: 'white-is-edit', target: { ...target, bytes: photo } } as const
    expect(await images.encodeMask(input, mask, REFERENCE_LIMITS, { signal })).toEqual(
      toPlain(await encodeMask(photo, 'white-is-edit', target)),
    )
  }
  const damaged = photo.subarray(0, photo.length >> 1)
  await expect(images.read(damaged, REFERENCE_LIMITS, { signal })).rejects.toThrow(MediaError)
  expect(images.listPids()).toHaveLength(1)
})

test('an image that is refused by its header alone starts no process', async () => {
  await using images = openTestDecoder()
  const limits = { bytes: 1_000_000, pixels: 100 }
  await expect(images.read(photo, limits, { signal })).rejects.toThrow('has more than')
  await expect(images.read(new Uint8Array(100), limits, { signal })).rejects.toThrow('is not a PNG')
  expect(images.listPids()).toEqual([])
})

test('a decoder process has no setting of the studio in its environment, and is the first to go without memory', async () => {
  await using images = openTestDecoder()
  await images.validate(photo, REFERENCE_LIMITS, { signal })
  const [pid] = images.listPids()
  const environment = await readProc(pid, 'environ')
  const names = environment.split('\0').map(line => line.split('=')[0])
  expect(names.filter(name => name !== '' && !/^(LD_LIBRARY_PATH|TMPDIR|MALLOC_ARENA_MAX)$/.test(name ?? ''))).toEqual(
    [],
  )
  expect(await readProc(pid, 'oom_score_adj')).toBe('1000\n')
})

const ENDED = [
  ['spin', 'takes too long to read'],
  ['spin-beside', 'takes too long to read'],
  ['wait', 'takes too long to read'],
  ['grow', 'takes too much memory to read'],
  ['crash', 'the decoder fails on it'],
  ['garble', 'the decoder fails on it'],
] as const

for (const [behavior, message] of ENDED) {
  test(
    `an image that has its decoder ${behavior} is refused, its process is gone, and the next image is decoded`,
    async () => {
      const registry = createMetrics('test')
      const metrics = createDecoderMetrics(registry)
      // What grows, crashes or answers wrongly is ended long before its time is up.
      await using images = openTestDecoder({
        script: HOSTILE,
        slots: 1,
        deadlineMs: message === 'takes too long to read' ? 1_000 : 60_000,
        metrics,
      })
      await validate(images, 'respond')
      const [first] = images.listPids()
      const error = await validate(images, behavior).catch(error => error)
      expect([error.name, error.reason]).toEqual(['MediaError', 'unfit'])
      expect(error.message).toContain(message)
      expect(isProcessAlive(first ?? 0)).toBe(false)
      await validate(images, 'respond')
      const isRetried = message.includes('fails')
      expect((await metrics.killed.get()).values[0]?.value).toBe(isRetried ? 2 : 1)
    },
    TIMEOUT_MS,
  )
}

test('a response that is none of the operation is an error, and what the process refuses is the refusal', async () => {
  await using images = openTestDecoder({ script: HOSTILE, slots: 1 })
  await expect(validate(images, 'lie')).rejects.toThrow('extension')
  await expect(validate(images, 'fail')).rejects.toThrow('no such thing')
  await expect(validate(images, 'refuse')).rejects.toMatchObject({ name: 'MediaError', reason: 'damaged' })
})

test('no decoder process outlives a service that is killed, whatever it does', async () => {
  const command = [process.execPath, join(import.meta.dirname, 'decoder-parent.fixture.ts')]
  // It ends with its input, if this test ends early.
  const parent = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe' })
  using _ = { [Symbol.dispose]: () => parent.kill('SIGKILL') }
  const { value } = await parent.stdout.getReader().read()
  const pids: number[] = JSON.parse(new TextDecoder().decode(value))
  expect(pids).toHaveLength(3)
  // Each works as long as it is let.
  const cpu = () => pids.map(pid => readCpuMs(pid) ?? 0)
  const before = cpu()
  await waitFor(
    'two of them to use CPU time',
    60_000,
    async () => cpu().filter((ms, at) => ms > (before[at] ?? 0) + 50).length >= 2,
  )
  parent.kill('SIGKILL')
  await parent.exited
  await waitFor('the decoder processes to end', 60_000, async () =>
    (await Promise.all(pids.map(isGone))).every(Boolean),
  )
})

test('an abort ends the waiting and the work, and frees the slot', async () => {
  await using images = openTestDecoder({ script: HOSTILE, slots: 1 })
  const [running, waiting] = [new AbortController(), new AbortController()]
  // The slot, and the one that small images have beside it.
  const [work] = [0, 1].map(() => validate(images, 'wait', { signal: running.signal }).catch(({ message }) => message))
  await waitFor('both images to be decoded', 60_000, async () => images.listPids().length === 2)
  const wait = validate(images, 'respond', { signal: waiting.signal }).catch(({ message }) => message)
  waiting.abort(new Error('left the queue'))
  expect(await wait).toBe('left the queue')
  const pids = images.listPids()
  running.abort(new Error('left the decoder'))
  expect(await work).toBe('left the decoder')
  await waitFor('both processes to end', 60_000, async () => !pids.some(isProcessAlive))
  await validate(images, 'respond')
})

test('a wait that would be too long is refused, and closing ends everything that waits or runs', async () => {
  const images = openTestDecoder({ script: HOSTILE, slots: 1 })
  // The slot, and the one that small images have beside it.
  const [running] = [0, 1].map(() => validate(images, 'wait').catch(error => error))
  await waitFor('both images to be decoded', 60_000, async () => images.listPids().length === 2)
  const busy = await validate(images, 'respond', { signal, maxWaitMs: 50 }).catch(error => error)
  expect([busy instanceof DecoderError, busy.reason]).toEqual([true, 'busy'])
  const waiting = validate(images, 'respond').catch(error => error)
  const pids = images.listPids()
  await images[Symbol.asyncDispose]()
  expect([(await running).reason, (await waiting).reason]).toEqual(['closed', 'closed'])
  expect(pids.some(isProcessAlive)).toBe(false)
  await expect(validate(images, 'respond')).rejects.toMatchObject({ reason: 'closed' })
})

test('a process without work ends, and one that was killed meanwhile is not missed', async () => {
  await using images = openTestDecoder({ script: HOSTILE, idleMs: 200 })
  await validate(images, 'respond')
  await waitFor('the idle process to end', 60_000, async () => images.listPids().length === 0)
  await validate(images, 'respond')
  process.kill(images.listPids()[0] ?? 0, 'SIGKILL')
  await validate(images, 'respond')
})

test('a program that does not start is no fault of the image', async () => {
  await using images = openTestDecoder({ script: join(import.meta.dirname, 'nothing.ts') })
  const error = await validate(images, 'respond').catch(error => error)
  expect([error.name, error.reason]).toEqual(['DecoderError', 'unstartable'])
})

test('six images that never end delay the small image of another client by none of them', async () => {
  await using images = openTestDecoder({ script: HOSTILE, slots: 2, deadlineMs: 60_000 })
  const stopped = new AbortController()
  const hostile = Array.from({ length: 6 }, () =>
    validate(images, 'spin-beside', { signal: stopped.signal, client: 'hostile' }).catch(() => 'ended'),
  )
  await waitFor('the slots to be taken', 60_000, async () => images.listPids().length === 3)
  await validate(images, 'respond', { signal, client: 'user' })
  expect(images.listPids().length).toBeLessThanOrEqual(4)
  stopped.abort(new Error('over'))
  expect(await Promise.all(hostile)).toEqual(Array(6).fill('ended'))
})

async function validate(
  images: ImageDecoder,
  behavior: Behavior,
  options: Parameters<ImageDecoder['validate']>[2] = { signal },
) {
  return await images.validate(await makeHostileImage(behavior), REFERENCE_LIMITS, options)
}

/** Returns whether a process has ended. One that nobody waits for stays behind as a zombie. */
async function isGone(pid: number): Promise<boolean> {
  return !/^State:\s+[^Z]/m.test(await readProc(pid, 'status').catch(() => ''))
}

async function readProc(pid: number | undefined, name: string): Promise<string> {
  return await Bun.file(`/proc/${pid}/${name}`).text()
}

/** Encoders return Buffers, which are the same bytes. */
function toPlain<T extends { bytes: Uint8Array }>(copy: T): T {
  return { ...copy, bytes: new Uint8Array(copy.bytes) }
}
