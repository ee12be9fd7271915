import { Command, InvalidArgumentError } from 'commander'
import { formatBytes } from './backfill/format.ts'
import { type BackupResult, createBackup } from './backup/create-backup.ts'
import { createBackupProgress } from './backup/progress.ts'
import { runStoppable } from './backup/run-stoppable.ts'
import { openStudioParts } from './backup/studio-parts.ts'
import { runCommandLine } from './cli.ts'

/** `bun run backup <folder>`: copies every row and every object of one moment into a folder, while the studio runs. */

interface Options {
  verify: boolean
  concurrency: number
  json?: boolean
}

const STOPPED =
  'Stopped. The backup that the folder had is still the one it has; the next run goes on where this one was.'

const code = await main(process.argv.slice(2))
process.stdout.write('', () => process.exit(code))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('backup')
    .description(
      'Copies all rows and objects of one moment into a folder. Again into the same folder: only what is new.',
    )
    .argument('<folder>', 'an empty folder, or one with a backup of this studio; on another disk')
    .option('--verify', 'reads what the folder has already again, and compares its hash', false)
    .option('--concurrency <objects>', 'objects that are copied at once', parseConcurrency, 8)
    .option('--json', 'the counts as JSON on standard output')
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .action(async (folder, options) => {
      code = await runStoppable(signal => runBackup(folder, options, signal), STOPPED)
    })
  return (await runCommandLine(program, args)) || code
}

async function runBackup(folder: string, { json, ...options }: Options, signal: AbortSignal): Promise<number> {
  const progress = createBackupProgress(process.stderr)
  await using stack = new AsyncDisposableStack()
  const parts = await openStudioParts(stack, { signal, onMessage: progress.line })
  const result = await createBackup({ ...options, folder, parts, progress, signal })
  process.stdout.write(`${json ? JSON.stringify(toCounts(result)) : formatResult(result, folder).join('\n')}\n`)
  const { missing, damaged } = result.manifest.objects
  return missing + damaged === 0 ? 0 : 1
}

function toCounts({ manifest, objects }: BackupResult) {
  const { id, createdAt, tables, journal } = manifest
  const { count, bytes, copied, copiedBytes, missingCount: missing, damagedCount: damaged } = objects
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return { id, createdAt, rows, objects: count, bytes, copied, copiedBytes, missing, damaged, journal: journal.length }
}

function formatResult(result: BackupResult, folder: string): string[] {
  const { createdAt, rows, objects, bytes, missing, damaged } = toCounts(result)
  const { missing: missingKeys, damaged: damagedKeys } = result.objects
  return [
    `Backup of ${createdAt.slice(0, 19).replace('T', ' ')} UTC in ${folder}: ${rows} rows, ${objects} objects, ${formatBytes(bytes)}.`,
    ...formatKeys('rows name an object that the store does not have', missing, missingKeys),
    ...formatKeys('objects have other bytes than when they were stored', damaged, damagedKeys),
  ]
}

function formatKeys(text: string, count: number, keys: readonly string[]): string[] {
  if (count === 0) return []
  const more = count > keys.length ? [`  and ${count - keys.length} more: the list in the folder has them all`] : []
  return [`${count} ${text}:`, ...keys.map(key => `  ${key}`), ...more]
}

function parseConcurrency(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 64) return value
  throw new InvalidArgumentError('It is a whole number from 1 to 64.')
}
