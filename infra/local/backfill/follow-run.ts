import { BACKFILL_EVENTS } from '@darkroom/contracts/subjects'
import { type BackfillReport, readReport } from '../../src/database/backfill-report.ts'
import { sleep, withDeadline } from '../../src/runtime/timers.ts'
import type { Reached } from './connect.ts'
import { failureLines, summaryLines } from './format.ts'
import { createBar } from './progress-bar.ts'

const LOOK_MS = 1_000
const LOOK_MOST_MS = 5_000
const NOBODY_MS = 15_000
const PATIENCE_MS = 120_000

/**
 * Follows a run until it is over or somebody closes this; the run goes on then.
 *
 * @param options `since` how the run stood before it was asked to go on
 * @returns the exit code: 0 if it is done and has left nothing, else 1
 */
export async function follow(
  studio: Reached,
  { id, json, since }: { id: string; json: boolean; since?: BackfillReport },
): Promise<number> {
  const closing = new AbortController()
  const close = () => closing.abort()
  process.once('SIGINT', close).once('SIGTERM', close)
  const bar = createBar(process.stderr)
  try {
    const report = await untilOver(studio, { id, closing: closing.signal, since, show: bar.show, say: bar.say })
    bar.end()
    if (!report || report.state === 'running') return goesOn(id)
    const lines = json ? [JSON.stringify(report, null, 2)] : [...summaryLines(report), ...failureLines(report)]
    process.stdout.write(`${lines.join('\n')}\n`)
    return report.state === 'done' && report.failures.length === 0 ? 0 : 1
  } finally {
    closing.abort()
    process.off('SIGINT', close).off('SIGTERM', close)
  }
}

interface Following {
  id: string
  closing: AbortSignal
  since: BackfillReport | undefined
  show: (report: BackfillReport) => void
  say: (line: string) => void
}

async function untilOver(studio: Reached, following: Following): Promise<BackfillReport | undefined> {
  const { id, closing, since, show, say } = following
  const look = patiently(() => readReport(studio.database, id), say)
  const bell = hear(studio, closing)
  const began = Date.now()
  let told = false
  for (;;) {
    const report = await look()
    if (report) show(report)
    const isBefore = since !== undefined && report?.state === since.state && Date.now() - began < NOBODY_MS
    if (closing.aborted || (report && report.state !== 'running' && !isBefore)) return report
    if (!report && !told && Date.now() - began > NOBODY_MS) {
      told = true
      say('Nobody has taken it up yet. It begins as soon as the ingest service runs.')
    }
    await bell.wait(LOOK_MS)
  }
}

/** A database that is away for a while ends nothing: the run waits for it, too. */
function patiently<T>(look: () => Promise<T | undefined>, say: (line: string) => void): () => Promise<T | undefined> {
  let [seen, at]: [T | undefined, number] = [undefined, Date.now()]
  return async () => {
    try {
      const looking = withDeadline(look(), { milliseconds: LOOK_MOST_MS, what: 'the database' })
      ;[seen, at] = [await looking, Date.now()]
    } catch (error) {
      if (Date.now() - at > PATIENCE_MS) throw error
      say('The database does not answer; waiting for it.')
    }
    return seen
  }
}

/** Rings when a run has changed. Events only wake it early: what counts is in the row. */
function hear({ bus }: Reached, signal: AbortSignal) {
  let rung = Promise.withResolvers<void>()
  const listen = async () => {
    for await (const _ of bus.notices('new', signal, BACKFILL_EVENTS)) rung.resolve()
  }
  void listen().catch(() => {})
  return {
    wait: async (milliseconds: number) => {
      await Promise.race([rung.promise, sleep(milliseconds, signal)])
      rung = Promise.withResolvers<void>()
    },
  }
}

function goesOn(id: string): number {
  process.stderr.write(`The run goes on. \`bun run backfill status ${id}\` tells how it stands, \`stop\` stops it.\n`)
  return 1
}
