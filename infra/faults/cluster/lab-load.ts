import { performance } from 'node:perf_hooks'
import { sleep } from '../../src/runtime/timers.ts'
import type { Client } from '../../testing/invariants/client.ts'
import { createImageDraft } from '../chaos/load.ts'

/** Result of a load. */
export interface LoadReport {
  /** Ids of the generations that were accepted. */
  ids: string[]
  /** Longest time from a submission to its acceptance, in ms. */
  slowestMs: number
  /** Statuses of the responses that did not accept a submission; 0 where there was no response. */
  failures: number[]
  /** Statuses from 500 of the list, which is read as often; 0 where there was no response. */
  failedReads: number[]
}

/** Submissions that go on, each sent again until it is accepted. Disposing of it stops them. */
export interface LabLoad extends AsyncDisposable {
  /** Stops submitting, once at least this many were submitted. Resolves when all are accepted. */
  stop(count: number): Promise<LoadReport>
}

const INTERVAL_MS = 200
const PAUSE_MS = 50

/**
 * Submits images, one after the other.
 *
 * @param options `name` begins the prompts, none of which may have been used before; `intervalMs`: 200 ms unless given
 */
export function startLabLoad(
  client: Client,
  { name, intervalMs = INTERVAL_MS }: { name: string; intervalMs?: number | undefined },
): LabLoad {
  const stopping = new AbortController()
  const report: LoadReport = { ids: [], slowestMs: 0, failures: [], failedReads: [] }
  const submissions: Promise<void>[] = []
  const reads: Promise<void>[] = []
  const run = async () => {
    while (!stopping.signal.aborted) {
      const submission = submitUntilAccepted(client, `${name} ${submissions.length}`, report)
      // `stop` reports the error.
      submission.catch(() => {})
      submissions.push(submission)
      reads.push(readList(client, report))
      await sleep(intervalMs, stopping.signal)
    }
  }
  const running = run()
  const end = async () => {
    stopping.abort()
    await running
    await Promise.all([...submissions, ...reads])
  }
  return {
    stop: async count => {
      while (submissions.length < count) await Bun.sleep(intervalMs)
      await end()
      return report
    },
    [Symbol.asyncDispose]: () => end().catch(() => {}),
  }
}

async function readList(client: Client, report: LoadReport): Promise<void> {
  const status = await client.fetch('/api/generations?limit=5').then(
    async response => {
      await response.arrayBuffer()
      return response.status
    },
    () => 0,
  )
  if (status === 0 || status >= 500) report.failedReads.push(status)
}

async function submitUntilAccepted(client: Client, prompt: string, report: LoadReport): Promise<void> {
  const submission = client.log.addSubmission(createImageDraft(prompt, { numOutputs: 1 }))
  const startedAt = performance.now()
  for (;;) {
    const status = await client.trySubmit(submission)
    if (submission.generation) break
    if (submission.rejection !== undefined) throw new Error(submission.rejection)
    report.failures.push(status)
    await Bun.sleep(PAUSE_MS)
  }
  report.slowestMs = Math.max(report.slowestMs, Math.round(performance.now() - startedAt))
  report.ids.push(submission.generation.id)
}
