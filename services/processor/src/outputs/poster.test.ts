import { afterAll, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { FrameReader } from '@darkroom/infra/images/video/frame-reader'
import { renderImage } from '@darkroom/infra/testing/fake-provider/image'
import { makeMp4 } from '@darkroom/infra/testing/fake-provider/video'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import sharp from 'sharp'
import { neverAborted } from '../../testing/make-call.ts'
import { makePoster, type PosterDeps, type PosterSubject } from './poster.ts'
import { openSpool } from './spool.ts'

const images = openTestDecoder()
afterAll(() => images[Symbol.asyncDispose]())

const VIDEO = Buffer.concat(makeMp4({ width: 64, height: 48, seconds: 1, bytes: 1 }).pieces)
const [FRAME, PROVIDERS, INPUT] = await Promise.all(
  [0, 1, 2].map(at => renderImage({ width: 64 + 2 * at, height: 64 }, at, 0)),
)
const NO_FRAME = new MediaError('unfit', 'is a video of which no frame could be read')

test('makes a poster of the frame, else of the image of the provider, else of the first-frame input, else none', async () => {
  await using env = await openEnv()
  const frames = readFrames(async () => FRAME ?? NO_FRAME)
  const findFirstFrame = async () => INPUT
  const posterUrl = `${env.url}/poster.png`
  expect(await env.makeWidth({ frames, findFirstFrame }, posterUrl)).toBe(64)
  expect(await env.makeWidth({ findFirstFrame }, posterUrl)).toBe(66)
  expect(await env.makeWidth({ findFirstFrame })).toBe(68)
  expect(await env.makeWidth({})).toBeUndefined()
})

test('a source that fails is logged, and the next one is used', async () => {
  await using env = await openEnv()
  const frames = readFrames(async () => NO_FRAME)
  const findFirstFrame = async () => new TextEncoder().encode('no image')
  const lost = [
    `${env.url}/missing.png`,
    `${env.url}/page.html`,
    'http://10.0.0.1/a.png',
    'file:///etc/passwd',
    'no url',
  ]
  for (const posterUrl of lost) {
    expect(await env.makeWidth({ frames, findFirstFrame }, posterUrl)).toBeUndefined()
    expect(env.logged.splice(0)).toEqual(['frame', 'provider', 'input'])
  }
  expect(await env.makeWidth({ frames, findFirstFrame: async () => INPUT })).toBe(68)
  expect(await env.makeWidth({ frames: readFrames(async () => new Uint8Array(9)) }, `${env.url}/poster.png`)).toBe(66)
})

test('reads the frame from the file of a large video, and from a file that it writes of one in memory', async () => {
  await using env = await openEnv()
  const seen: [path: string, bytes: number][] = []
  const frames = readFrames(async ({ path }) => {
    seen.push([path, Bun.file(path).size])
    return FRAME ?? NO_FRAME
  })
  await env.make({ frames }, { body: VIDEO })
  await env.make({ frames }, { body: { path: '/nowhere/0.mp4', bytes: 5 } })
  expect(seen.map(([path]) => path.startsWith(env.directory))).toEqual([true, false])
  expect(seen.map(([, bytes]) => bytes)).toEqual([VIDEO.byteLength, 0])
  expect(await readdir(env.directory)).toEqual([])
})

test('ends with the reason once it is aborted', async () => {
  await using env = await openEnv()
  const controller = new AbortController()
  const frames: FrameReader = {
    readFirst: async () => {
      controller.abort(new Error('the lease is lost'))
      throw NO_FRAME
    },
  }
  const made = env.make({ frames, findFirstFrame: async () => INPUT }, {}, controller.signal)
  expect(await made.catch(error => error.message)).toBe('the lease is lost')
  expect(await readdir(env.directory)).toEqual([])
})

function readFrames(read: (video: { path: string }) => Promise<Uint8Array | MediaError>): FrameReader {
  return {
    readFirst: async video => {
      const frame = await read(video)
      if (frame instanceof MediaError) throw frame
      return frame
    },
  }
}

async function openEnv() {
  const directory = await createTestDirectory()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: request => {
      const { pathname } = new URL(request.url)
      if (pathname === '/poster.png') return new Response(PROVIDERS)
      return new Response('<html>', { status: pathname === '/page.html' ? 200 : 404 })
    },
  })
  const url = server.url.origin
  const logged: string[] = []
  const spool = await openSpool({ directory: directory.path })
  const log = { info: (entry: { source: string }) => void logged.push(entry.source) } as unknown as PosterDeps['log']
  const make = async (deps: Partial<PosterDeps>, subject: Partial<PosterSubject> = {}, signal = neverAborted) => {
    const output = { kind: 'url', index: 0, url: `${url}/0.mp4`, expiresAt: null } as const
    const video = { workspaceId: 'w1', generationId: 'g1', output, body: VIDEO, container: 'mp4', ...subject } as const
    return await makePoster({ images, spool, allowOrigins: [url], ...(log && { log }), ...deps }, video, { signal })
  }
  return {
    directory: directory.path,
    url,
    logged,
    make,
    makeWidth: async (deps: Partial<PosterDeps>, posterUrl?: string) => {
      const output = { kind: 'url', index: 0, url: `${url}/0.mp4`, expiresAt: null } as const
      const poster = await make(deps, { output: { ...output, ...(posterUrl !== undefined && { posterUrl }) } })
      return poster && (await sharp(poster.previews[0]?.bytes).metadata()).width
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop(true)
      await directory[Symbol.asyncDispose]()
    },
  }
}
