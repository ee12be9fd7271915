import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import fc from 'fast-check'
import { makeMp4, makeWebm } from '../../../testing/fake-provider/video.ts'
import { openTestDecoder } from '../../../testing/test-decoder.ts'
import { type Media, readMedia } from '../media.ts'
import { MediaError } from '../media-error.ts'
import type { MediaInput } from '../media-input.ts'
import { toDuration } from './byte-source.ts'
import { sniffVideo } from './video.ts'

const LIMITS = { image: { bytes: 1_000_000, pixels: 1_000_000 }, videoBytes: 3_500_000 }
const CONTAINERS = ['mp4', 'webm'] as const
const images = openTestDecoder()
afterAll(() => images[Symbol.asyncDispose]())

const MADE = { mp4: makeMp4, webm: makeWebm }

for (const container of CONTAINERS) {
  /** Recorded by Chromium's own recorder: the MP4 in fragments, the WebM in a segment of known size. */
  const path = join(import.meta.dirname, `recorded.${container}`)

  test(`${container}: reads a browser's recording, from memory and from a file`, async () => {
    const bytes = await Bun.file(path).bytes()
    const media = await readTestMedia(bytes)
    expect(media).toMatchObject({ kind: 'video', mimeType: `video/${container}`, extension: container })
    expect(media).toMatchObject({ width: 64, height: 36, placeholder: null, previews: [] })
    expect(media.duration).toBeGreaterThan(0.2)
    expect(media.duration).toBeLessThan(5)
    expect(await readTestMedia({ path, bytes: bytes.byteLength })).toEqual(media)
  })

  test(`${container}: detects a recording truncated anywhere but just before a fragment`, async () => {
    const bytes = await Bun.file(path).bytes()
    const at = fc.integer({ min: 64, max: bytes.byteLength - 1 })
    await fc.assert(
      fc.asyncProperty(at, async length => {
        const next = new TextDecoder().decode(bytes.subarray(length + 4, length + 8))
        if (['moof', 'mfra'].includes(next)) return
        expect(await getReason(bytes.subarray(0, length))).toBe('damaged')
      }),
      { numRuns: 300 },
    )
  })

  test(`${container}: a corrupted file is a MediaError or has plausible properties`, async () => {
    const bytes = await Bun.file(path).bytes()
    const change = fc.record({ at: fc.nat(2_000), to: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async changes => {
        const corrupted = bytes.slice()
        for (const { at, to } of changes) corrupted[at % corrupted.length] = to
        if (sniffVideo(corrupted) !== container) return
        const read = await readTestMedia(corrupted).catch(error => error)
        if (!(read instanceof MediaError)) expectPlausible(read)
      }),
      { numRuns: 300 },
    )
  })

  test(`${container}: reads a generated file, and rejects a larger one than allowed`, async () => {
    const shape = { width: 1920, height: 1080, seconds: 7 }
    const small = Buffer.concat(MADE[container]({ ...shape, bytes: 2_000_000 }).pieces)
    expect(await readTestMedia(small)).toMatchObject({ width: 1920, height: 1080, duration: 7 })
    const large = Buffer.concat(MADE[container]({ ...shape, bytes: 4_000_000 }).pieces)
    expect(await getReason(large)).toBe('unfit')
    expect(await getReason(small.subarray(0, -1))).toBe('damaged')
    expect(await getReason(Buffer.concat(MADE[container]({ ...shape, width: 0, bytes: 0 }).pieces))).toBe('unfit')
  })
}

test('swaps width and height of a rotated video', async () => {
  const bytes = Buffer.concat(makeMp4({ width: 640, height: 360, seconds: 1, bytes: 0 }).pieces)
  const matrix = bytes.indexOf('tkhd') + 4 + 40
  for (const [at, value] of [0, 0x10000, 0, -0x10000, 0].entries()) bytes.writeInt32BE(value, matrix + at * 4)
  expect(await readTestMedia(bytes)).toMatchObject({ width: 360, height: 640 })
})

test('reads a WebM whose elements have no sizes', async () => {
  const bytes = Buffer.concat(makeWebm({ width: 640, height: 360, seconds: 2, bytes: 2_000_000 }).pieces)
  for (const id of ['18538067', '1f43b675']) {
    const name = Buffer.from(id, 'hex')
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 12)) {
      bytes.write('01ffffffffffffff', at + 4, 'hex')
    }
  }
  expect(await readTestMedia(bytes)).toMatchObject({ width: 640, height: 360, duration: 2 })
  expect(await getReason(bytes.subarray(0, -1))).toBe('damaged')
})

test('has no duration of a video that states none, or one that cannot be true', async () => {
  for (const [seconds, expected] of [
    [0, null],
    [86_400, 86_400],
    [86_401, null],
    [4_000_000, null],
  ] as const) {
    const bytes = Buffer.concat(makeMp4({ width: 64, height: 64, seconds, bytes: 0 }).pieces)
    expect((await readTestMedia(bytes)).duration).toBe(expected)
    const webm = Buffer.concat(makeWebm({ width: 64, height: 64, seconds, bytes: 0 }).pieces)
    expect((await readTestMedia(webm)).duration).toBe(expected)
  }
  for (const seconds of [Number.NaN, Number.POSITIVE_INFINITY, -1, undefined]) expect(toDuration(seconds)).toBeNull()
})

test('rejects related containers that browsers do not play', async () => {
  const webm = Buffer.concat(makeWebm({ width: 64, height: 64, seconds: 2, bytes: 0 }).pieces)
  webm.write('mkvx', webm.indexOf('webm'))
  const quicktime = Buffer.concat(makeMp4({ width: 64, height: 64, seconds: 2, bytes: 0 }).pieces)
  for (const brand of ['isom', 'isom', 'mp42']) quicktime.write('qt  ', quicktime.indexOf(brand))
  for (const bytes of [webm, quicktime]) {
    const error = await readTestMedia(bytes).catch(error => error)
    expect(error.reason).toBe('unfit')
  }
})

function expectPlausible({ width, height, duration }: Media): void {
  expect(Math.min(width, height)).toBeGreaterThan(0)
  expect(Math.max(width, height)).toBeLessThanOrEqual(65_535)
  if (duration !== null) expect(duration).toBeGreaterThan(0)
}

async function getReason(bytes: Uint8Array): Promise<string> {
  const error = await readTestMedia(bytes).then(
    () => undefined,
    error => error,
  )
  return error instanceof MediaError ? error.reason : String(error)
}

async function readTestMedia(input: MediaInput): Promise<Media> {
  return await readMedia(images, input, LIMITS, { signal: new AbortController().signal })
}
