import type { DownloadableOutput } from '../src/outputs/download.ts'
import type { Adapter, CallOptions, ProviderRequest, SubmitResult } from '../src/providers/adapter.ts'
import { createFakeAdapter } from './fake-adapter.ts'
import { neverAborted } from './make-call.ts'

export const REQUEST: ProviderRequest = {
  model: 'fake-image',
  kind: 'image',
  operation: 'edit',
  prompt: 'a lighthouse',
  width: 64,
  height: 48,
  aspectRatio: '4:3',
  resolution: 56,
  indices: [4, 5, 6],
  seed: 7,
  settings: { steps: 20 },
  references: [
    { role: 'reference', mimeType: 'image/png', bytes: new TextEncoder().encode('abc'), width: 8, height: 6 },
  ],
}
export const BYTES_REQUEST: ProviderRequest = { ...REQUEST, model: 'fake-bytes' }

export function createTestAdapter({ url }: { url: string }, deadlineMs = 60_000): Adapter {
  return createFakeAdapter({ url, deadlineMs })
}

/** Submits a request, and reads its answer as it arrives. */
export async function submitAndRead(
  { submitting }: Adapter,
  request: ProviderRequest,
  options: Partial<CallOptions> = {},
): Promise<SubmitResult> {
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { headers, body } = await submitting.submit(request, { idempotencyKey: 'k', signal: neverAborted, ...options })
  const { model, indices } = request
  return await submitting.readAnswer(
    { headers: async () => headers, body: () => body },
    { model, indices, signal: neverAborted, ...options },
  )
}

/** Submits a request. @returns its handle */
export async function submitRequest(adapter: Adapter, request = REQUEST): Promise<string> {
  const submitted = await submitAndRead(adapter, request)
  if (submitted.kind === 'accepted') return submitted.handle
  throw new Error(`expected a handle, not ${submitted.kind}`)
}

export async function readFinishedOutputs(adapter: Adapter, handle: string): Promise<DownloadableOutput[]> {
  const checked = await adapter.check(handle, neverAborted)
  if (checked.kind === 'finished') return checked.outputs.filter(output => output.kind !== 'refused')
  throw new Error(`expected a finished request, not ${checked.kind}`)
}
