import { type FakeReplicate, startFakeReplicate } from '@darkroom/infra/testing/fake-replicate/fake-server'
import { DEADLINES, makeCall, neverAborted } from '../../../testing/make-call.ts'
import type { Adapter, CheckResult, ProviderReference, ProviderRequest } from '../adapter.ts'
import { gatherReceipt } from '../gather-receipt.ts'
import { createReplicateAdapter } from './replicate-adapter.ts'

export const REQUEST: ProviderRequest = {
  model: 'replicate/black-forest-labs/flux-2-pro',
  kind: 'image',
  operation: 'generate',
  prompt: 'a lighthouse',
  width: 1_024,
  height: 1_024,
  aspectRatio: '1:1',
  resolution: 1_024,
  indices: [3],
  seed: 7,
  settings: { output_format: 'png' },
  references: [],
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64',
)

/** Creates an input image of a role. */
export function createReference(role: ProviderReference['role']): ProviderReference {
  return { role, mimeType: 'image/png', bytes: PNG, width: 1, height: 1 }
}

/** Starts the fake and an adapter that is connected to it and knows its models. */
export async function openFakeReplicate() {
  const fake = await startFakeReplicate()
  const adapter = createTestAdapter(fake)
  const specs = await adapter.models(neverAborted)
  return {
    fake,
    adapter,
    specs,
    submit: async (change: Partial<ProviderRequest> = {}) =>
      (await makeCall(adapter, { ...REQUEST, ...change })).handle ?? '',
    poll: (handle: string) => pollOnce(adapter, handle),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

export function createTestAdapter({ url, key }: Pick<FakeReplicate, 'url' | 'key'>, deadlines = DEADLINES): Adapter {
  return createReplicateAdapter({ connection: 'replicate', baseUrl: url, key, ...deadlines })
}

async function pollOnce(adapter: Adapter, handle: string) {
  const { receipt, onReceipt } = gatherReceipt()
  const result: CheckResult = await adapter.check(handle, neverAborted, { indices: [3], onReceipt })
  return { result, receipt }
}
