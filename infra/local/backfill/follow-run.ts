import { BACKFILL_EVENTS_SUBJECT } from '@darkroom/contracts/subjects'
import { type BackfillReport, readReport } from '../../src/database/backfill-report.ts'
import { sleep, withDeadline } from '../../src/runtime/timers.ts'
import { createProgressBar } from '../process/progress-bar.ts'
import type { StudioConnection } from './connect.ts'
import { computeProgress, formatFailures, formatSummary } from './format.ts'

const POLL_INTERVAL_MS = 1_000
const QUERY_TIMEOUT_MS = 5_000
const PICKUP_TIMEOUT_MS = 15_000
const MAX_OUTAGE_MS = 120_000

/**
 * Shows the progress of a run until it has ended or this command is stopped. Stopping the command does not stop the run.
 *
 * @param options `previous` is the report from before a resume: its state does not count as the end of the run until the studio
 *   has had time to pick the resume up
 * @returns the exit code: 0 if the run is done without failures, else 1
 */
export async function followRun(
  studio: StudioConnection,
  { id, json, previous }: { id: string; json: boolean; previous?: BackfillReport },
): Promise<number> {
  const closing = new AbortController()
  const close = () => closing.abort()
  process.once('SIGINT', close).once('SIGTERM', close)
  const bar = createProgressBar({ stream: process.stderr, initialText: 'waiting for the studio' })
  try {
    const report = await pollUntilFinished(studio, {
      id,
      signal: closing.signal,
      previous,
      onReport: report => bar.update(computeProgress(report)),
      onMessage: bar.writeLine,
    })
    bar.stop()
    if (!report || report.state === 'running') return reportStillRunning(id)
    const lines = json ? [JSON.stringify(report, null, 2)] : [...formatSummary(report), ...formatFailures(report)]
    process.stdout.write(`${lines.join('\n')}\n`)
    return report.state === 'done' && report.failures.length === 0 ? 0 : 1
  } finally {
    closing.abort()
    process.off('SIGINT', close).off('SIGTERM', close)
  }
}

interface PollOptions {
  id: string
  signal: AbortSignal
  previous: BackfillReport | undefined
  onReport: (report: BackfillReport) => void
  onMessage: (line: string) => void
}

async function pollUntilFinished(studio: StudioConnection, options: PollOptions): Promise<BackfillReport | undefined> {
  const { id, signal, previous, onReport, onMessage } = options
  const readLatest = tolerateOutage(() => readReport(studio.database, id), onMessage)
  const changes = listenForChanges(studio, signal)
  const startedAt = Date.now()
  let hasWarned = false
  for (;;) {
    const report = await readLatest()
    if (report) onReport(report)
    const isUnchanged =
      previous !== undefined && report?.state === previous.state && Date.now() - startedAt < PICKUP_TIMEOUT_MS
    if (signal.aborted || (report && report.state !== 'running' && !isUnchanged)) return report
    if (!report && !hasWarned && Date.now() - startedAt > PICKUP_TIMEOUT_MS) {
      hasWarned = true
      onMessage('Nobody has taken it up yet. It begins as soon as the ingest service runs.')
    }
    await changes.waitForChange(POLL_INTERVAL_MS)
  }
}

/**
 * Wraps a read of the database: during an outage it returns the latest value, because the run waits for the database, too.
 *
 * @returns a read that throws only after an outage of `MAX_OUTAGE_MS`
 */
function tolerateOutage<T>(
  read: () => Promise<T | undefined>,
  onMessage: (line: string) => void,
): () => Promise<T | undefined> {
  let [latest, readAt]: [T | undefined, number] = [undefined, Date.now()]
  return async () => {
    try {
      const reading = withDeadline(read(), { milliseconds: QUERY_TIMEOUT_MS, operation: 'the database' })
      ;[latest, readAt] = [await reading, Date.now()]
    } catch (error) {
      if (Date.now() - readAt > MAX_OUTAGE_MS) throw error
      onMessage('The database does not answer; waiting for it.')
    }
    return latest
  }
}

/** Subscribes to the events of runs. An event only ends a wait early: the state of a run is read from its row. */
function listenForChanges({ bus }: StudioConnection, signal: AbortSignal) {
  let changed = Promise.withResolvers<void>()
  const listen = async () => {
    for await (const _ of bus.consumeEvents('new', signal, BACKFILL_EVENTS_SUBJECT)) changed.resolve()
  }
  void listen().catch(() => {})
  return {
    waitForChange: async (milliseconds: number) => {
      await Promise.race([changed.promise, sleep(milliseconds, signal)])
      changed = Promise.withResolvers<void>()
    },
  }
}

function reportStillRunning(id: string): number {
  process.stderr.write(`The run goes on. \`bun run backfill status ${id}\` tells how it stands, \`stop\` stops it.\n`)
  return 1
}
