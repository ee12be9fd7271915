import {
  type CallOptions,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
  type SubmitResult,
} from '../src/providers/provider.ts'
import { createFakeProvider } from './fake-provider.ts'

export const neverAborted = new AbortController().signal

export const REQUEST: ProviderRequest = {
  model: 'fake-image',
  kind: 'image',
  prompt: 'a lighthouse',
  width: 64,
  height: 48,
  indices: [4, 5, 6],
  seed: 7,
  settings: { steps: 20 },
  references: [{ mimeType: 'image/png', bytes: new TextEncoder().encode('abc') }],
}
export const BYTES_REQUEST: ProviderRequest = { ...REQUEST, model: 'fake-bytes' }

export function createTestProvider({ url }: { url: string }, deadlineMs = 5_000): Provider {
  return createFakeProvider({ url, deadlineMs })
}

/** Submits a request, and reads its answer as it arrives. */
export async function submitAndRead(
  { submitting }: Provider,
  request: ProviderRequest,
  options: Partial<CallOptions> = {},
): Promise<SubmitResult> {
  if (submitting.kind !== 'remote') throw new Error('expected a remote provider')
  const { headers, body } = await submitting.submit(request, { idempotencyKey: 'k', signal: neverAborted, ...options })
  const { model, indices } = request
  return await submitting.readAnswer(
    { headers: async () => headers, body: () => body },
    { model, indices, signal: neverAborted, ...options },
  )
}

/** Submits a request. @returns its request id */
export async function submitRequest(provider: Provider, request = REQUEST): Promise<string> {
  const submitted = await submitAndRead(provider, request)
  if (submitted.kind === 'accepted') return submitted.requestId
  throw new Error(`expected a request id, not ${submitted.kind}`)
}

export async function readFinishedOutputs(provider: Provider, requestId: string): Promise<ProviderOutput[]> {
  const checked = await provider.check(requestId, neverAborted)
  if (checked.kind === 'finished') return checked.outputs
  throw new Error(`expected a finished request, not ${checked.kind}`)
}

/** Returns the ProviderError that `work` throws. @throws Error when it throws none */
export async function getProviderError(work: () => Promise<unknown>): Promise<ProviderError> {
  const error = await work().then(
    () => undefined,
    error => error,
  )
  if (error instanceof ProviderError) return error
  throw new Error(`expected a ProviderError, not ${error}`)
}
