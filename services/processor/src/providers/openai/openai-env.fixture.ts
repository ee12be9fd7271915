import { type FakeOpenAi, startFakeOpenAi } from '@darkroom/infra/testing/fake-openai/fake-server'
import {
  type Adapter,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
  type Receipt,
  type SavedAnswer,
} from '../adapter.ts'
import { gatherReceipt } from '../gather-receipt.ts'
import { createOpenAiAdapter } from './openai-adapter.ts'

export const NEVER = new AbortController().signal

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

/** A call that was made: its outputs or its handle, its receipts, and the raw answer. */
export interface MadeCall {
  outputs: ProviderOutput[]
  handle: string | undefined
  receipt: Receipt
  raw: string
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

export function createTestAdapter({ url, key }: Pick<FakeOpenAi, 'url' | 'key'>): Adapter {
  return createOpenAiAdapter({ connection: 'openai', baseUrl: url, key, deadlineMs: 1_000, submitDeadlineMs: 1_000 })
}

/** Makes a call: its whole answer is saved before it is read, as the journal does. */
async function makeCall({ submitting }: Adapter, request: ProviderRequest): Promise<MadeCall> {
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { headers, body } = await submitting.submit(request, { idempotencyKey: 'k', signal: NEVER })
  const chunks = await Array.fromAsync(body)
  const answer = toSavedAnswer(chunks, headers)
  const { receipt, onReceipt } = gatherReceipt()
  const read = await submitting.readAnswer(answer, { ...request, signal: NEVER, onReceipt })
  const outputs = read.kind === 'outputs' ? await Array.fromAsync(read.outputs) : []
  const handle = read.kind === 'accepted' ? read.handle : undefined
  return { outputs, handle, receipt, raw: JSON.stringify(headers) + Buffer.concat(chunks).toString() }
}

export function toSavedAnswer(chunks: readonly Uint8Array[], headers: Record<string, string> = {}): SavedAnswer {
  return {
    headers: async () => headers,
    body: async function* () {
      yield* chunks
    },
  }
}

/** Returns the ProviderError that `work` throws. @throws Error when it throws none */
export async function getError(work: () => Promise<unknown>): Promise<ProviderError> {
  const error = await work().catch((error: unknown) => error)
  if (error instanceof ProviderError) return error
  throw new Error(`expected a ProviderError, not ${error}`)
}
