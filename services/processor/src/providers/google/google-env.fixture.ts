import { type FakeGoogle, startFakeGoogle } from '@darkroom/infra/testing/fake-google/fake-server'
import sharp from 'sharp'
import { DEADLINES, type Deadlines, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createGoogleAdapter } from './google-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'google/gemini-nano-banana-2.1',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_024,
  height: 1_024,
  aspectRatio: '1:1',
  resolution: '1K',
  indices: [3],
  seed: 7,
  settings: {},
  references: [],
}

export const VIDEO_REQUEST: ProviderRequest = {
  ...REQUEST,
  model: 'google/veo-3.1-generate-preview',
  kind: 'video',
  width: 1_280,
  height: 720,
  aspectRatio: '16:9',
  resolution: '720p',
  duration: 6,
  seed: 4_294_967_295,
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeGoogle({ deadlines, ...options }: { background?: boolean; deadlines?: Deadlines } = {}) {
  const fake = await startFakeGoogle(options)
  const adapter = createTestAdapter(fake, deadlines)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    /** Returns the submissions: method and path of every POST, in order. */
    listPosts: () =>
      fake.requests().flatMap(({ method, path }) => (method === 'POST' ? [path.slice('/v1beta/'.length)] : [])),
    /** Returns the body of the last POST. */
    readLastBody: () => JSON.parse(fake.requests().findLast(({ method }) => method === 'POST')?.body ?? ''),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: Pick<FakeGoogle, 'url' | 'key'>, deadlines = DEADLINES): Adapter {
  return createGoogleAdapter({ connection: 'google', baseUrl: url, key, ...deadlines })
}

/** Creates an input image. */
export async function createReference(role: ProviderReference['role'], width = 64): Promise<ProviderReference> {
  const image = sharp({ create: { width, height: 48, channels: 3, background: { r: 9, g: 9, b: 9 } } })
  return { role, mimeType: 'image/png', bytes: await image.png().toBuffer(), width, height: 48 }
}
