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

/** Time limits of the requests of an adapter, in ms. */
export interface Deadlines {
  deadlineMs: number
  submitDeadlineMs: number
}

/** Limits that no request reaches, however busy the machine. */
export const DEADLINES: Deadlines = { deadlineMs: 60_000, submitDeadlineMs: 60_000 }

/** Limit of a request that is never answered, in ms: long enough for it to arrive on a busy machine, short enough to wait for. */
export const HANG_MS = 5_000
const HANG_DEADLINES: Deadlines = { deadlineMs: HANG_MS, submitDeadlineMs: HANG_MS }

/** Returns the limits of an adapter whose provider has a fault. */
export function chooseDeadlines(fault: string | null): Deadlines {
  return fault === 'hang' ? HANG_DEADLINES : DEADLINES
}

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
