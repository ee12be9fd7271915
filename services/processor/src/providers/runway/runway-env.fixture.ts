import { startFakeRunway } from '@darkroom/infra/testing/fake-runway/fake-server'
import sharp from 'sharp'
import { DEADLINES, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createRunwayAdapter } from './runway-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'runway/gen4_image',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_280,
  height: 720,
  aspectRatio: '16:9',
  resolution: '1280x720',
  indices: [3],
  seed: 7,
  settings: {},
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeRunway() {
  const fake = await startFakeRunway()
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

/** Creates an adapter that polls without a wait. */
export function createTestAdapter({ url, key }: { url: string; key: string }, deadlines = DEADLINES): Adapter {
  return createRunwayAdapter({ connection: 'runway', baseUrl: url, key, ...deadlines, minPollSeconds: 0.01 })
}

export async function createReference(role: ProviderReference['role'], width = 320): Promise<ProviderReference> {
  const background = { r: 9, g: 9, b: 9 }
  const bytes = await sharp({ create: { width, height: 320, channels: 3, background } })
    .png()
    .toBuffer()
  return { role, mimeType: 'image/png', bytes, width, height: 320 }
}
