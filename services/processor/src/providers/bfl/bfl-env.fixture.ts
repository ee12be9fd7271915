import { startFakeBfl } from '@darkroom/infra/testing/fake-bfl/fake-server'
import { DEADLINES, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderRequest } from '../adapter.ts'
import { createBflAdapter } from './bfl-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'bfl/flux-2-pro',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_024,
  height: 768,
  aspectRatio: '4:3',
  resolution: 1_024,
  indices: [3],
  seed: 7,
  settings: { output_format: 'png', safety_tolerance: 2 },
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeBfl() {
  const fake = await startFakeBfl()
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: { url: string; key: string }, deadlines = DEADLINES): Adapter {
  return createBflAdapter({ connection: 'bfl', baseUrl: url, key, ...deadlines })
}
