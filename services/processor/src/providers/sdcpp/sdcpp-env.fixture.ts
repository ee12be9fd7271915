import { type FakeSdCpp, startFakeSdCpp } from '@darkroom/infra/testing/fake-sdcpp/fake-server'
import sharp from 'sharp'
import { DEADLINES, makeCall, neverAborted } from '../../../testing/make-call.ts'
import type { Adapter, CheckOptions, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createSdCppAdapter } from './sdcpp-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'sdcpp/sd_xl_base_1.0',
  kind: 'image',
  operation: 'generate',
  prompt: 'hills at dusk',
  negativePrompt: 'people',
  width: 256,
  height: 192,
  aspectRatio: '4:3',
  resolution: 224,
  indices: [2, 3],
  seed: 7,
  settings: { steps: 4 },
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeSdCpp(options: Parameters<typeof startFakeSdCpp>[0] = {}) {
  const fake = await startFakeSdCpp(options)
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    /** Makes a call, and returns its handle. */
    accept: async (request: ProviderRequest = REQUEST) => (await makeCall(adapter, request)).handle ?? '',
    check: (handle: string, checkOptions: CheckOptions = { indices: REQUEST.indices }) =>
      adapter.check(handle, neverAborted, checkOptions),
    /** Returns the body of the last submission. */
    lastBody: () => JSON.parse(fake.requests().findLast(({ path }) => /_gen$/.test(path))?.body ?? '{}'),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: Pick<FakeSdCpp, 'url' | 'key'>, deadlines = DEADLINES): Adapter {
  return createSdCppAdapter({ connection: 'sdcpp', baseUrl: url, key, ...deadlines })
}

export async function createReference(role: ProviderReference['role'], shade: number): Promise<ProviderReference> {
  const background = { r: shade, g: 9, b: 9 }
  const bytes = await sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .png()
    .toBuffer()
  return { role, mimeType: 'image/png', bytes, width: 64, height: 48 }
}
