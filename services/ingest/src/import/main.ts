import type { ImportMessage, ImportReport } from '@darkroom/contracts/history/import-report'
import { isTransientDbError } from '@darkroom/infra/database/errors'
import { LOCAL_OWNER } from '@darkroom/infra/http/identity'
import { openImageDecoder } from '@darkroom/infra/images/decoder/open-image-decoder'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openServiceContext, type ServiceContext } from '@darkroom/infra/runtime/service-context'
import { DeadlineError, withDeadline } from '@darkroom/infra/runtime/timers'
import { importSource } from './import.ts'
import { createNotes } from './notes.ts'
import { type ImportOptions, parseImportArguments } from './options.ts'
import { openDatabaseSource } from './postgres/source.ts'
import { RecordError } from './record.ts'
import { createImportLog, type ImportLog } from './report.ts'
import { openSource } from './source.ts'
import { toPrintable } from './to-printable.ts'

/**
 * `bun import/main.ts <generations.jsonl | folder | --database> [--dry-run] [--all] [--time-zone ZONE] [--map FILE] [--files FOLDER]
 * [--bucket URL]`: imports generations of another system. The address of a database is on its standard input. It writes what happens to standard output, as lines of JSON (`ImportMessage`), the report last. Exit codes: 0 all are imported, 1 some
 * are not, 2 the import broke off.
 */

const [START_MS, PROGRESS_MS] = [60_000, 250]
/** Memory of the files that are read at once. */
const FILE_BYTES = 128 * 1024 * 1024

let written: Promise<unknown> = Promise.resolve()
await main(parseImportArguments(process.argv.slice(2)))

async function main(options: ImportOptions): Promise<void> {
  const startedAt = performance.now()
  const context = await openContext()
  const notes = createNotes()
  const log = createImportLog(notes, send)
  const reason = await runImport(context, options, { log, notes }).catch(error =>
    context.lifecycle.stopping.aborted ? 'it was stopped' : describeError(error),
  )
  if (reason !== undefined) send({ type: 'broken', reason: toPrintable(reason) })
  const seconds = Math.round(performance.now() - startedAt) / 1_000
  const report = log.createReport({ dryRun: options.isDryRun, isComplete: reason === undefined, seconds })
  send({ type: 'report', report })
  await written
  await context.lifecycle.stop('done', reason === undefined ? (isWhole(report) ? 0 : 1) : 2)
}

/** Opens the dependencies; ends the process if the database does not answer: a person waits. */
async function openContext(): Promise<ServiceContext> {
  const opening = openServiceContext('ingest', { isBusRequired: false })
  return await withDeadline(opening, { milliseconds: START_MS, operation: 'starting' }).catch(async error => {
    send({ type: 'broken', reason: error instanceof DeadlineError ? 'the database does not answer' : String(error) })
    await written
    process.exit(2)
  })
}

async function runImport(
  context: ServiceContext,
  options: ImportOptions,
  { log, notes }: { log: ImportLog; notes: ReturnType<typeof createNotes> },
): Promise<undefined> {
  const { database, store, lifecycle } = context
  const { path, isDryRun } = options
  const sourceOptions = { ...options, now: new Date(), notes, signal: lifecycle.stopping }
  // The address has a password: the arguments and the environment of a process are seen by others.
  const source =
    path === null
      ? await openDatabaseSource({ ...options, url: (await Bun.stdin.text()).trim() }, sourceOptions)
      : await openSource(path, sourceOptions)
  const sendProgress = () => send({ type: 'progress', ...source.getProgress(), records: log.records })
  using stack = new DisposableStack()
  stack.adopt(setInterval(sendProgress, PROGRESS_MS), clearInterval)
  const images = openImageDecoder(context)
  const budget = createByteBudget(FILE_BYTES)
  const deps = { database, store, images, budget, isDryRun, log, identity: LOCAL_OWNER, signal: lifecycle.stopping }
  await importSource({ ...deps, folder: source.folder }, source)
  sendProgress()
}

function isWhole({ failed, leftOut }: ImportReport): boolean {
  return failed === 0 && Object.keys(leftOut).length === 0
}

/** Returns why an import broke off. */
function describeError(error: unknown): string {
  if (error instanceof RecordError) return error.message
  if (isTransientDbError(error)) return 'the database is away'
  return error instanceof Error ? error.message : String(error)
}

function send(message: ImportMessage): void {
  written = written.then(() => Bun.write(Bun.stdout, `${JSON.stringify(message)}\n`))
}
