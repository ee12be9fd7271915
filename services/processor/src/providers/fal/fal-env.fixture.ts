import { type FakeFal, startFakeFal } from '@darkroom/infra/testing/fake-fal/fake-server'
import sharp from 'sharp'
import { DEADLINES, makeCall, neverAborted } from '../../../testing/make-call.ts'
import type { Adapter, CheckResult, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createFalAdapter } from './fal-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'fal/fal-ai/flux-2-pro',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 512,
  height: 384,
  aspectRatio: '4:3',
  resolution: '512x384',
  indices: [3],
  seed: 7,
  settings: { output_format: 'png' },
  references: [],
}

export const VIDEO: ProviderRequest = {
  ...REQUEST,
  model: 'fal/fal-ai/veo3.1/fast',
  kind: 'video',
  aspectRatio: '16:9',
  resolution: '720p',
  duration: 6,
  settings: { generate_audio: false },
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeFal() {
  const fake = await startFakeFal()
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    /** Submits a request, and polls it until it has ended. */
    finish: async (request: ProviderRequest = REQUEST): Promise<CheckResult> => {
      const { handle = '' } = await makeCall(adapter, request)
      return await pollToEnd(adapter, handle)
    },
    /** Returns the body of the last submission. */
    readInput: (): Record<string, unknown> =>
      JSON.parse(fake.requests().findLast(({ method }) => method === 'POST')?.body ?? '{}'),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: Pick<FakeFal, 'url' | 'key'>, deadlines = DEADLINES): Adapter {
  return createFalAdapter({ connection: 'fal', baseUrl: url, key, ...deadlines })
}

export async function pollToEnd(adapter: Adapter, handle: string): Promise<CheckResult> {
  for (let poll = 0; poll < 10; poll += 1) {
    const checked = await adapter.check(handle, neverAborted)
    if (checked.kind !== 'waiting') return checked
  }
  throw new Error('the provider did not finish')
}

export async function createReference(role: ProviderReference['role']): Promise<ProviderReference> {
  const image = sharp({ create: { width: 64, height: 48, channels: 3, background: '#999' } })
  return { role, mimeType: 'image/png', bytes: await image.png().toBuffer(), width: 64, height: 48 }
}
