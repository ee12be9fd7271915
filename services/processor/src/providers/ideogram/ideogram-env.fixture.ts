import { startFakeIdeogram } from '@darkroom/infra/testing/fake-ideogram/fake-server'
import { DEADLINES, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderRequest } from '../adapter.ts'
import { createIdeogramAdapter } from './ideogram-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'ideogram/generate/ideogram-4-5',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_280,
  height: 720,
  aspectRatio: '16:9',
  resolution: '1280x720',
  indices: [3],
  seed: 7,
  settings: { quality: 'low', magic_prompt: 'off' },
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeIdeogram() {
  const fake = await startFakeIdeogram()
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: { url: string; key: string }, deadlines = DEADLINES): Adapter {
  return createIdeogramAdapter({ connection: 'ideogram', baseUrl: url, key, ...deadlines })
}
