import type { BackfillMessage, BackfillOptions } from '@darkroom/contracts/backfill'
import { BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import { listReports, readReport } from '../../src/database/backfill-report.ts'
import { PartError } from '../process/server-process.ts'
import { type Reached, withStudio } from './connect.ts'
import { follow } from './follow-run.ts'
import { failureLines, listLines, summaryLines } from './format.ts'

interface Asked {
  json?: boolean
}

/** Begins a run and follows it. @returns the exit code: 0 if all went well, 1 if rows are left or the run is not done */
export async function begin(asked: Asked & { dryRun: boolean; batch: number; concurrency: number; limit?: number }) {
  const { dryRun, batch, concurrency, limit = null } = asked
  return await request({ kind: 'move', of: null, dryRun, batch, concurrency, limit }, asked)
}

/** Begins a run that reads back what was moved, and follows it. @returns as `begin` */
export async function verify(of: string | undefined, { concurrency, ...asked }: Asked & { concurrency: number }) {
  return await request({ kind: 'verify', of: of ?? null, dryRun: false, batch: 100, concurrency, limit: null }, asked)
}

/** Says how runs stand. @returns the exit code: 1 if there is no such run, or it has left rows */
export async function status(id: string | undefined, { json }: Asked): Promise<number> {
  return await withStudio(async ({ database }) => {
    if (id === undefined) {
      const reports = await listReports(database)
      print(json ? [JSON.stringify(reports, null, 2)] : listLines(reports))
      return 0
    }
    const report = await readReport(database, id)
    if (!report) throw new PartError('There is no such run; `bun run backfill status` lists them.')
    print(json ? [JSON.stringify(report, null, 2)] : [...summaryLines(report), ...failureLines(report)])
    return report.failures.length === 0 ? 0 : 1
  })
}

/** Has a run go no further. */
export async function stop(named: string | undefined): Promise<number> {
  return await withStudio(async studio => {
    const running = (await listReports(studio.database)).filter(({ state }) => state === 'running')
    const id = named ?? (running.length === 1 ? running[0]?.id : undefined)
    if (!id) throw new PartError(running.length === 0 ? 'No run is running.' : 'Several runs are running: name one.')
    await publish(studio, { v: 1, type: 'backfill.stop', id })
    print([`Run ${id} goes no further than the rows it is at. \`bun run backfill resume ${id}\` has it go on.`])
    return 0
  })
}

/** Has a run go on, and follows it. @returns as `begin` */
export async function resume(id: string, asked: Asked): Promise<number> {
  return await withStudio(async studio => {
    const before = await readReport(studio.database, id)
    if (!before) throw new PartError('There is no such run; `bun run backfill status` lists them.')
    await publish(studio, { v: 1, type: 'backfill.resume', id })
    return await follow(studio, { id, json: asked.json === true, since: before })
  })
}

async function request(options: BackfillOptions, asked: Asked): Promise<number> {
  return await withStudio(async studio => {
    const id = Bun.randomUUIDv7()
    await publish(studio, { v: 1, type: 'backfill.requested', id, options })
    return await follow(studio, { id, json: asked.json === true })
  })
}

async function publish({ bus }: Reached, message: BackfillMessage): Promise<void> {
  await bus.publish(BACKFILL_SUBJECT, message, `${message.type}-${message.id}-${crypto.randomUUID()}`)
}

function print(lines: string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}
