import { startFakeStability } from '@darkroom/infra/testing/fake-stability/fake-server'
import sharp from 'sharp'
import { DEADLINES, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderReference, ProviderRequest } from '../adapter.ts'
import { createStabilityAdapter } from './stability-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'stability/ultra',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_024,
  height: 1_024,
  aspectRatio: '1:1',
  resolution: '1MP',
  indices: [3],
  seed: 7,
  settings: { output_format: 'png', strength: 0.6 },
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeStability() {
  const fake = await startFakeStability()
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
  return createStabilityAdapter({ connection: 'stability', baseUrl: url, key, ...deadlines, minPollSeconds: 0.01 })
}

export async function createReference(role: ProviderReference['role'], width = 96): Promise<ProviderReference> {
  const background = { r: 9, g: 9, b: 9 }
  const bytes = await sharp({ create: { width, height: 72, channels: 3, background } })
    .png()
    .toBuffer()
  return { role, mimeType: 'image/png', bytes, width, height: 72 }
}
