import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createLog } from '@darkroom/infra/log'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createCallsInFlight } from '../../src/answers/calls-in-flight.ts'
import { openJournal } from '../../src/answers/journal.ts'
import {
  type Adapter,
  type CheckOptions,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
  type Receipt,
  type SavedAnswer,
} from '../../src/providers/adapter.ts'
import { neverAborted } from '../make-call.ts'

/** The result of a call, as a worker has it. */
export interface CallResult {
  outputs: ProviderOutput[]
  receipt: Receipt
  error: unknown
  handle: string | undefined
}

/** A call that went through a journal: its result while it arrived, and as another process reads it afterwards. */
export interface JournaledResult {
  live: CallResult
  recovered: CallResult | 'unanswered'
  /** Everything that the call has left behind, as text: errors with their causes, handles, receipts, the journal's files. */
  traces: string
}

const DEADLINE_MS = 60_000
const POLL_MS = 20
const log = createLog({ service: 'test', level: 'silent' })

/** Makes a call through a journal on the disk, then reads its answer once more as a process does that finds it there. */
export async function makeJournaledCall(adapter: Adapter, request: ProviderRequest): Promise<JournaledResult> {
  const { submitting } = adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  await using directory = await createTestDirectory()
  const call = {
    generationId: crypto.randomUUID(),
    call: 0,
    attempt: 1,
    provider: adapter.connection,
    model: request.model,
  }
  const calls = createCallsInFlight()
  const journal = await openJournal({ directory: directory.path, log })
  const writer = await journal.open(call)
  await writer.markSent()
  const submit = (signal: AbortSignal) =>
    submitting.submit(request, { idempotencyKey: call.generationId, signal, previews: true })
  calls.send(writer, { deadlineMs: DEADLINE_MS, submit })
  const live = await readCall(adapter, request, writer.answer)
  await calls.settled()
  const entries = await (await openJournal({ directory: directory.path, log })).list(call.generationId)
  const [entry] = entries
  const recovered =
    entry?.state === 'answered'
      ? await readCall(adapter, request, entry.answer)
      : entry?.state === 'refused'
        ? createFailed(entry.error)
        : ('unanswered' as const)
  return { live, recovered, traces: describe(live) + describe(recovered) + (await readFiles(directory.path)) }
}

async function readCall(adapter: Adapter, request: ProviderRequest, answer: SavedAnswer): Promise<CallResult> {
  const { submitting } = adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const result: CallResult = { outputs: [], receipt: {}, error: undefined, handle: undefined }
  const onReceipt = (receipt: Receipt) => {
    result.receipt = { ...result.receipt, ...receipt }
  }
  try {
    await answer.headers()
    const read = await submitting.readAnswer(answer, { ...request, signal: neverAborted, onReceipt })
    if (read.kind === 'outputs') for await (const output of read.outputs) result.outputs.push(output)
    if (read.kind === 'accepted') {
      result.handle = read.handle
      result.outputs = await pollOutputs(adapter, read.handle, { onReceipt, indices: request.indices })
    }
  } catch (error) {
    result.error = error
  }
  return result
}

async function pollOutputs(adapter: Adapter, handle: string, options: CheckOptions): Promise<ProviderOutput[]> {
  const endsAt = performance.now() + DEADLINE_MS
  while (performance.now() < endsAt) {
    const checked = await adapter.check(handle, neverAborted, options)
    if (checked.kind === 'finished') return checked.outputs
    if (checked.kind === 'failed') throw checked.error
    if (checked.kind !== 'waiting') throw new ProviderError('request_gone')
    await Bun.sleep(POLL_MS)
  }
  throw new Error('the provider did not finish')
}

function createFailed(error: unknown): CallResult {
  return { outputs: [], receipt: {}, error, handle: undefined }
}

/** Describes a result with the causes of its error, but without the bytes of images. */
function describe(result: CallResult | 'unanswered'): string {
  if (result === 'unanswered') return result
  const outputs = result.outputs.map(output => (output.kind === 'bytes' ? { ...output, bytes: undefined } : output))
  return Bun.inspect({ ...result, outputs }, { depth: 20 })
}

async function readFiles(directory: string): Promise<string> {
  const names = await readdir(directory)
  const texts = await Promise.all(names.map(name => Bun.file(join(directory, name)).text()))
  return [...names, ...texts].join('\n')
}
