import { type FakeOpenAi, startFakeOpenAi } from '@darkroom/infra/testing/fake-openai/fake-server'
import { DEADLINES, makeCall } from '../../../testing/make-call.ts'
import type { Adapter, ProviderRequest } from '../adapter.ts'
import { createOpenAiAdapter } from './openai-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'openai/gpt-image-2.6-flare',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_024,
  height: 1_024,
  aspectRatio: '1:1',
  resolution: 1_024,
  indices: [3],
  seed: 7,
  settings: { quality: 'low', output_format: 'png', resumable: false },
  references: [],
}

/** Starts the fake and an adapter that is connected to it. */
export async function openFakeOpenAi() {
  const fake = await startFakeOpenAi()
  const adapter = createTestAdapter(fake)
  return {
    fake,
    adapter,
    makeCall: (request: ProviderRequest = REQUEST) => makeCall(adapter, request),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: Pick<FakeOpenAi, 'url' | 'key'>, deadlines = DEADLINES): Adapter {
  return createOpenAiAdapter({ connection: 'openai', baseUrl: url, key, ...deadlines })
}
