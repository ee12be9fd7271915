import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { ProviderError, type RawAnswer } from '../providers/adapter.ts'
import { gatherChunks } from './gather-chunks.ts'
import type { AnswerWriter, JournaledCall } from './journal.ts'

const MAX_GATHERED_BYTES = 1024 * 1024

/** A call that has been sent and whose answer has not ended. */
export interface CallInFlight extends JournaledCall {
  /** Time until its own deadline, in whole seconds. */
  remainingSeconds: number
}

/**
 * The calls that this process has sent. They are not parts of a job: a job that ends meanwhile (its lease is lost, its user
 * cancels) leaves them running, because they may be billed, and their answers go to the journal.
 */
export interface CallsInFlight {
  /**
   * Sends a call and writes its answer to the journal as it arrives. `writer.answer` reads it meanwhile.
   *
   * @param options `deadlineMs` is the longest time until the last byte
   */
  send(writer: AnswerWriter, options: { deadlineMs: number; submit: (signal: AbortSignal) => Promise<RawAnswer> }): void
  /** Lists the calls of one generation, or all of them. */
  list(generationId?: string): CallInFlight[]
  /** Resolves when no call of the generation is in flight, or no call at all. */
  settled(generationId?: string): Promise<void>
  /** Aborts every call: what it may have bought is unknown then. */
  giveUp(): void
}

interface SentCall {
  call: JournaledCall
  deadlineAt: number
  ended: Promise<void>
}

export function createCallsInFlight(): CallsInFlight {
  const sent = new Set<SentCall>()
  const abandoned = new AbortController()
  const select = (generationId?: string) =>
    [...sent].filter(({ call }) => generationId === undefined || call.generationId === generationId)
  return {
    send: (writer, { deadlineMs, submit }) => {
      const signal = AbortSignal.any([abandoned.signal, AbortSignal.timeout(deadlineMs)])
      const ended = transfer(writer, () => submit(signal), abandoned.signal).finally(() => sent.delete(entry))
      const entry: SentCall = { call: writer.call, deadlineAt: performance.now() + deadlineMs, ended }
      sent.add(entry)
    },
    list: generationId =>
      select(generationId).map(({ call, deadlineAt }) => ({
        ...call,
        remainingSeconds: Math.max(0, Math.ceil((deadlineAt - performance.now()) / 1_000)),
      })),
    settled: async generationId => {
      for (let calls = select(generationId); calls.length > 0; calls = select(generationId))
        await Promise.all(calls.map(({ ended }) => ended))
    },
    // An adapter may pass the reason on as the error of its call, which must not look like one without effect.
    giveUp: () => abandoned.abort(new ProviderError('unknown_outcome')),
  }
}

/**
 * Copies an answer to the journal. Never throws: readers of the answer get the error.
 *
 * @param abandoned ends the tries to write what the disk does not take, which has no end otherwise: the answer is paid for
 */
async function transfer(writer: AnswerWriter, submit: () => Promise<RawAnswer>, abandoned: AbortSignal): Promise<void> {
  const write = (work: () => Promise<void>) => retry(work, { policy: RETRY_POLICIES.writeAnswer, signal: abandoned })
  const error = await copyAnswer(writer, submit, write).then(
    () => undefined,
    error => error ?? new Error('a call failed without an error'),
  )
  // An entry whose end cannot be written is read as far as it is there.
  await writer
    .end(error)
    .catch(() => write(() => writer.end(error)))
    .catch(() => {})
}

async function copyAnswer(
  writer: AnswerWriter,
  submit: () => Promise<RawAnswer>,
  write: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { headers, body } = await submit()
  await write(() => writer.begin(headers))
  await failpoint('answer-begun')
  // Each append waits for the disk: what arrives meanwhile is written by the next one.
  for await (const chunk of gatherChunks(body, MAX_GATHERED_BYTES)) await write(() => writer.append(chunk))
  await failpoint('answer-received')
}
