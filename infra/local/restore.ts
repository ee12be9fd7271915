import { Command, InvalidArgumentError } from 'commander'
import { formatBytes } from './backfill/format.ts'
import { createBackupProgress } from './backup/progress.ts'
import { runStoppable } from './backup/run-stoppable.ts'
import { runCommandLine } from './cli.ts'
import { type RestoreResult, restoreBackup } from './restore/restore-backup.ts'
import { takeOverStudio } from './restore/take-over.ts'

/**
 * `bun run restore <folder>`: restores a backup into an empty data directory, or an empty database and bucket. `bun run restore
 * --take-over` has the copy go on in place of the original.
 */

interface Options {
  takeOver: boolean
  skipDamaged: boolean
  concurrency: number
}

const STOPPED = 'Stopped. Nothing starts on what is there yet; run the same restore again and it goes on where it was.'

const code = await main(process.argv.slice(2))
process.stdout.write('', () => process.exit(code))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('restore')
    .description('Restores a backup into an empty DATA_DIR, or the empty DATABASE_URL and S3 bucket of the settings.')
    .argument('[folder]', 'the folder of a backup')
    .option(
      '--take-over',
      'has a restored studio submit, poll and remove again: its original does not run any more',
      false,
    )
    .option('--skip-damaged', 'goes on without the objects that are damaged in the backup', false)
    .option('--concurrency <objects>', 'objects that are stored at once', parseConcurrency, 8)
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .action(async (folder: string | undefined, options: Options) => {
      assertOneTask(folder, options)
      const run = (signal: AbortSignal) =>
        folder === undefined ? runTakeOver(signal) : runRestore(folder, options, signal)
      code = await runStoppable(run, folder === undefined ? 'Stopped.' : STOPPED)
    })
  return (await runCommandLine(program, args)) || code
}

function assertOneTask(folder: string | undefined, { takeOver }: Options): void {
  if (takeOver === (folder === undefined)) return
  throw new Error(
    takeOver
      ? '--take-over needs no folder: restore first, look at the copy, then take over.'
      : 'Name the folder of a backup, or --take-over. (--help says more)',
  )
}

async function runRestore(folder: string, options: Options, signal: AbortSignal): Promise<number> {
  const progress = createBackupProgress(process.stderr)
  const result = await restoreBackup({ ...options, folder, progress, signal })
  process.stdout.write(`${formatResult(result).join('\n')}\n`)
  const { missing, damaged } = result.manifest.objects
  return missing + damaged + result.objects.damaged.length === 0 ? 0 : 1
}

async function runTakeOver(signal: AbortSignal): Promise<number> {
  const onMessage = (line: string) => void process.stderr.write(`${line}\n`)
  const hasTakenOver = await takeOverStudio({ signal, onMessage })
  process.stdout.write(
    hasTakenOver
      ? 'This studio has taken over: it submits, polls and removes from now on. Its original must not run any more.\n'
      : 'This studio is no restored copy, or has taken over already: nothing was changed.\n',
  )
  return 0
}

function formatResult({ manifest, objects, target }: RestoreResult): string[] {
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  const { missing, damaged } = manifest.objects
  return [
    `Restored ${rows} rows and ${objects.count} objects (${formatBytes(objects.bytes)}) of ${manifest.createdAt.slice(0, 19).replace('T', ' ')} UTC into ${target}.`,
    'Every row and every byte was read back and compared.',
    ...(missing > 0 ? [`${missing} objects were missing in the store when the backup was made.`] : []),
    ...(damaged > 0 ? [`${damaged} objects were damaged in the store when the backup was made.`] : []),
    ...(objects.damaged.length > 0
      ? [`${objects.damaged.length} objects are damaged in the backup, and left out.`]
      : []),
    'It is a copy: it shows everything and makes nothing, because its original may still run. `bun run restore --take-over` ends that.',
  ]
}

function parseConcurrency(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 64) return value
  throw new InvalidArgumentError('It is a whole number from 1 to 64.')
}
