import type { BackfillMessage, BackfillOptions } from '@darkroom/contracts/history/backfill'
import { BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import { listReports, readReport } from '../../src/database/backfill-report.ts'
import { StartError } from '../process/server-process.ts'
import { type StudioConnection, withStudioConnection } from './connect.ts'
import { followRun } from './follow-run.ts'
import { formatFailures, formatRuns, formatSummary } from './format.ts'

interface OutputOptions {
  json?: boolean
}

/** Starts a run and follows it. @returns the exit code: 0 on success, 1 if rows are left or the run is not done */
export async function startRun(
  options: OutputOptions & { dryRun: boolean; batch: number; concurrency: number; limit?: number },
) {
  const { dryRun, batch, concurrency, limit = null } = options
  return await requestRun({ kind: 'move', of: null, dryRun, batch, concurrency, limit }, options)
}

/** Starts a run that reads back and compares the moved images, and follows it. @returns the exit code, as `startRun` */
export async function startVerification(
  of: string | undefined,
  { concurrency, ...output }: OutputOptions & { concurrency: number },
) {
  return await requestRun(
    { kind: 'verify', of: of ?? null, dryRun: false, batch: 100, concurrency, limit: null },
    output,
  )
}

/**
 * Prints the state of the latest runs, or of one run with its failures.
 *
 * @returns the exit code: 1 if the run has failures
 * @throws StartError if there is no such run
 */
export async function showStatus(id: string | undefined, { json }: OutputOptions): Promise<number> {
  return await withStudioConnection(async ({ database }) => {
    if (id === undefined) {
      const reports = await listReports(database)
      printLines(json ? [JSON.stringify(reports, null, 2)] : formatRuns(reports))
      return 0
    }
    const report = await readReport(database, id)
    if (!report) throw new StartError('There is no such run; `bun run backfill status` lists them.')
    printLines(json ? [JSON.stringify(report, null, 2)] : [...formatSummary(report), ...formatFailures(report)])
    return report.failures.length === 0 ? 0 : 1
  })
}

/** Stops a run, the running one unless named. @throws StartError if none or several are running and none is named */
export async function stopRun(runId: string | undefined): Promise<number> {
  return await withStudioConnection(async studio => {
    const running = (await listReports(studio.database)).filter(({ state }) => state === 'running')
    const id = runId ?? (running.length === 1 ? running[0]?.id : undefined)
    if (!id) throw new StartError(running.length === 0 ? 'No run is running.' : 'Several runs are running: name one.')
    await publish(studio, { v: 1, type: 'backfill.stop', id })
    printLines([`Run ${id} goes no further than the rows it is at. \`bun run backfill resume ${id}\` has it go on.`])
    return 0
  })
}

/** Resumes a stopped run and follows it. @returns the exit code, as `startRun` */
export async function resumeRun(id: string, options: OutputOptions): Promise<number> {
  return await withStudioConnection(async studio => {
    const previous = await readReport(studio.database, id)
    if (!previous) throw new StartError('There is no such run; `bun run backfill status` lists them.')
    await publish(studio, { v: 1, type: 'backfill.resume', id })
    return await followRun(studio, { id, json: options.json === true, previous })
  })
}

async function requestRun(options: BackfillOptions, output: OutputOptions): Promise<number> {
  return await withStudioConnection(async studio => {
    const id = Bun.randomUUIDv7()
    await publish(studio, { v: 1, type: 'backfill.requested', id, options })
    return await followRun(studio, { id, json: output.json === true })
  })
}

async function publish({ bus }: StudioConnection, message: BackfillMessage): Promise<void> {
  await bus.publish(BACKFILL_SUBJECT, message, `${message.type}-${message.id}-${crypto.randomUUID()}`)
}

function printLines(lines: string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}
