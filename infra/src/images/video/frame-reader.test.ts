import { expect, test } from 'bun:test'
import { join } from 'node:path'
import sharp from 'sharp'
import { type FakeFfmpeg, writeFakeFfmpeg } from '../../../testing/fake-ffmpeg.ts'
import { renderImage } from '../../../testing/fake-provider/image.ts'
import { makeMp4 } from '../../../testing/fake-provider/video.ts'
import { createTestDirectory } from '../../../testing/test-resources.ts'
import { MediaError } from '../media-error.ts'
import { findFfmpeg, openFrameReader } from './frame-reader.ts'

const MP4 = { path: '/nowhere/0.mp4', container: 'mp4' } as const
const { signal: neverAborted } = new AbortController()
const installed = findFfmpeg('ffmpeg')
if (installed === undefined)
  process.stderr.write('ffmpeg is not installed here: no real frame was read from a video.\n')

test('finds ffmpeg by a name or a path, unless it is switched off', async () => {
  expect(findFfmpeg('off')).toBeUndefined()
  expect(findFfmpeg('no-program-has-this-name')).toBeUndefined()
  expect(findFfmpeg('/nowhere/ffmpeg')).toBeUndefined()
  expect(findFfmpeg('sh')).toEndWith('/sh')
})

test('runs ffmpeg on the file alone, with the demuxer of the detected container and no other protocol', async () => {
  await using env = await openEnv({ frame: await renderImage({ width: 64, height: 48 }, 1, 0) })
  expect((await env.read()).byteLength).toBeGreaterThan(50)
  await openFrameReader({ program: env.ffmpeg.path, env: {} }).readFirst({ ...MP4, container: 'webm' }, neverAborted)
  const [mp4 = [], webm = []] = await env.ffmpeg.readRuns()
  const argumentOf = (run: string[], option: string) => run[run.indexOf(option) + 1]
  expect([argumentOf(mp4, '-f'), argumentOf(webm, '-f')]).toEqual(['mp4', 'matroska'])
  expect([argumentOf(mp4, '-protocol_whitelist'), argumentOf(mp4, '-i')]).toEqual(['file,pipe', 'file:/nowhere/0.mp4'])
  expect(mp4).toContain('-nostdin')
})

test('has no frame where ffmpeg fails, prints nothing or prints too much', async () => {
  for (const after of ['echo broken >&2; exit 1', 'exit 0', 'cat /dev/zero', 'kill -9 $$']) {
    await using env = await openEnv({ after })
    const error = await env.read().catch(error => error)
    expect(error).toBeInstanceOf(MediaError)
    expect(error.reason).toBe('unfit')
  }
})

test('ends ffmpeg at its deadline, and once it is aborted', async () => {
  await using env = await openEnv({ after: 'exec sleep 600' })
  expect(await env.read({ deadlineMs: 50 }).catch(error => error)).toBeInstanceOf(MediaError)
  // On a busy machine the first one may not have begun by its deadline.
  const before = (await env.ffmpeg.readRuns()).length
  const controller = new AbortController()
  const read = env.read({ signal: controller.signal }).catch(error => error)
  while ((await env.ffmpeg.readRuns()).length === before) await Bun.sleep(5)
  controller.abort(new Error('the lease is lost'))
  expect((await read).message).toBe('the lease is lost')
})

test.skipIf(installed === undefined)(
  'the installed ffmpeg reads the first frame of each container (when it is installed)',
  async () => {
    const reader = openFrameReader({ program: installed ?? '', env: {} })
    for (const container of ['mp4', 'webm'] as const) {
      const frame = await reader.readFirst(
        { path: join(import.meta.dirname, `recorded.${container}`), container },
        neverAborted,
      )
      expect(await sharp(frame).metadata()).toMatchObject({ format: 'png', width: 64, height: 36 })
    }
  },
)

test.skipIf(installed === undefined)(
  'the installed ffmpeg has no frame of a video without frames (when it is installed)',
  async () => {
    await using directory = await createTestDirectory()
    const path = join(directory.path, '0.mp4')
    await Bun.write(path, Buffer.concat(makeMp4({ width: 64, height: 48, seconds: 1, bytes: 1 }).pieces))
    const reader = openFrameReader({ program: installed ?? '', env: {} })
    expect(await reader.readFirst({ path, container: 'mp4' }, neverAborted).catch(error => error)).toBeInstanceOf(
      MediaError,
    )
  },
)

/** Opens a reader that has a fake ffmpeg. */
async function openEnv(options: Parameters<typeof writeFakeFfmpeg>[1]) {
  const directory = await createTestDirectory()
  const ffmpeg: FakeFfmpeg = await writeFakeFfmpeg(directory.path, options)
  const read = async ({ deadlineMs = 60_000, signal = neverAborted } = {}) =>
    await openFrameReader({ program: ffmpeg.path, env: {}, deadlineMs }).readFirst(MP4, signal)
  return { ffmpeg, read, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}
