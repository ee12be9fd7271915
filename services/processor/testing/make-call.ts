import type { Adapter, ProviderOutput, ProviderRequest, Receipt, SavedAnswer } from '../src/providers/adapter.ts'
import { gatherReceipt } from '../src/providers/gather-receipt.ts'

/** A call that was made: its outputs or its handle, what was reported about it, and the raw answer. */
export interface MadeCall {
  outputs: ProviderOutput[]
  handle: string | undefined
  receipt: Receipt
  previews: { index: number; bytes: Uint8Array }[]
  raw: string
}

/** Long enough for a machine with much else to do, and short enough to wait for where a fake does not answer. */
export const DEADLINES = { deadlineMs: 5_000, submitDeadlineMs: 5_000 }

export const neverAborted = new AbortController().signal

/** Makes a call: its whole answer is saved before it is read, as the journal does. */
export async function makeCall(
  { submitting }: Adapter,
  request: ProviderRequest,
  { previews: isWatched }: { previews?: boolean | undefined } = {},
): Promise<MadeCall> {
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { headers, body } = await submitting.submit(request, {
    ...{ idempotencyKey: 'k', signal: neverAborted },
    ...(isWatched === undefined ? {} : { previews: isWatched }),
  })
  const chunks = await Array.fromAsync(body)
  const { receipt, onReceipt } = gatherReceipt()
  const { model, indices } = request
  const previews: MadeCall['previews'] = []
  const onPreview = (index: number, bytes: Uint8Array) => previews.push({ index, bytes })
  const options = { model, indices, signal: neverAborted, onReceipt, onPreview }
  const read = await submitting.readAnswer(toSavedAnswer(chunks, headers), options)
  const outputs = read.kind === 'outputs' ? await Array.fromAsync(read.outputs) : []
  const handle = read.kind === 'accepted' ? read.handle : undefined
  return { outputs, handle, receipt, previews, raw: JSON.stringify(headers) + Buffer.concat(chunks).toString() }
}

export function toSavedAnswer(chunks: readonly Uint8Array[], headers: Record<string, string> = {}): SavedAnswer {
  return {
    headers: async () => headers,
    body: async function* () {
      yield* chunks
    },
  }
}
