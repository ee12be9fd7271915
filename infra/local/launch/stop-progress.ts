import { z } from 'zod'
import { sleep } from '../../src/runtime/timers.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { fetchReadiness } from './service-readiness.ts'

const POLL_INTERVAL_MS = 1_000

/** Readiness of a processor that stops: the calls that are paid and whose answers it waits for. */
const StoppingProcessor = z.object({
  stopping: z.literal(true),
  calls: z.array(z.object({ provider: z.string(), model: z.string(), remainingSeconds: z.number() })),
})
export type PaidCall = z.infer<typeof StoppingProcessor>['calls'][number]

export interface PaidCallsOptions {
  /** Base URL of the processor, which has been asked to stop. */
  url: string
  /** Public Host of the studio. */
  host: string
  child: ChildProcess
  /** Aborted when the user does not wait any longer. */
  forceSignal: AbortSignal
  onMessage: (line: string) => void
}

/**
 * Reports the calls that a stopping processor waits for, when there are some and when they change, until it has exited; and those
 * that were given up, because the user did not wait or it had to be killed.
 */
export async function reportPaidCalls(options: PaidCallsOptions): Promise<void> {
  const { child, forceSignal, onMessage } = options
  const ended = new AbortController()
  void child.exited.then(() => ended.abort())
  let lastCalls: readonly PaidCall[] = []
  while (child.isRunning()) {
    const calls = (await parseStoppingProcessor(await fetchReadiness(options)))?.calls
    // From then on the processor gives them up, so they are no longer reported.
    if (forceSignal.aborted) break
    if (calls && calls.length > 0 && summarizeCalls(calls) !== summarizeCalls(lastCalls)) onMessage(formatWait(calls))
    lastCalls = calls ?? lastCalls
    await sleep(POLL_INTERVAL_MS, ended.signal)
  }
  const wasKilled = (await child.exited) === 'SIGKILL'
  if ((forceSignal.aborted || wasKilled) && lastCalls.length > 0) onMessage(formatGivenUp(lastCalls))
}

/** Formats the line about calls that a stop waits for. */
export function formatWait(calls: readonly PaidCall[]): string {
  const seconds = Math.ceil(Math.max(...calls.map(({ remainingSeconds }) => remainingSeconds)))
  const [are, them] = calls.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `Waiting for ${summarizeCalls(calls)} and that ${are} paid for, at most ${seconds} s. Press Ctrl-C again to give ${them} up.`
}

/** Formats the line about calls that a processor of an earlier start still waits for. */
export function formatOrphanWait(calls: readonly PaidCall[]): string {
  const seconds = Math.ceil(Math.max(...calls.map(({ remainingSeconds }) => remainingSeconds)))
  return `An earlier start still waits for ${summarizeCalls(calls)}, at most ${seconds} s. What comes is saved.`
}

/** Formats the line about calls that a stop gave up. */
export function formatGivenUp(calls: readonly PaidCall[]): string {
  const [are, them] = calls.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `Given up: ${summarizeCalls(calls)} and that ${are} paid for. At the next start the studio says what became of ${them}.`
}

function summarizeCalls(calls: readonly PaidCall[]): string {
  const providers = [...new Set(calls.map(({ provider }) => provider))].toSorted()
  const [images, are] = calls.length === 1 ? ['picture', 'is'] : ['pictures', providers.length === 1 ? 'is' : 'are']
  return `${calls.length} ${images} that ${providers.join(' and ')} ${are} making`
}

/** Reads the readiness of a processor that is stopping; undefined if it is not, or does not answer. */
export async function parseStoppingProcessor(response: Response | undefined) {
  return StoppingProcessor.safeParse(await response?.json().catch(() => undefined)).data
}
