import { type FakeA1111, type FakeA1111Options, startFakeA1111 } from '@darkroom/infra/testing/fake-a1111/fake-server'
import sharp from 'sharp'
import { DEADLINES, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createA1111Adapter } from './a1111-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'a1111/sd_xl_base_1.0.safetensors',
  kind: 'image',
  operation: 'generate',
  prompt: 'hills at dusk',
  negativePrompt: 'people',
  width: 256,
  height: 192,
  aspectRatio: '4:3',
  resolution: 224,
  indices: [3],
  seed: 7,
  settings: { steps: 4, cfg_scale: 7, hires: false },
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeA1111(options: FakeA1111Options = {}) {
  const fake = await startFakeA1111(options)
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    /** Returns the last submission. */
    lastSubmission: () => {
      const request = fake.requests().findLast(({ method, path }) => method === 'POST' && path.startsWith('/sdapi'))
      return { path: request?.path, body: JSON.parse(request?.body ?? '{}') }
    },
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: Pick<FakeA1111, 'url' | 'key'>, deadlines = DEADLINES): Adapter {
  return createA1111Adapter({ connection: 'a1111', baseUrl: url, key, progressMs: 50, ...deadlines })
}

export async function createReference(role: ProviderReference['role'], shade: number): Promise<ProviderReference> {
  const background = { r: shade, g: 9, b: 9 }
  const bytes = await sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .png()
    .toBuffer()
  return { role, mimeType: 'image/png', bytes, width: 64, height: 48 }
}
