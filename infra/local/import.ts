import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseTimeZone } from '@darkroom/contracts/history/time-zone'
import { Command, InvalidArgumentError } from 'commander'
import { readConfig, resolveDataDir } from '../src/config.ts'
import { selectPartEnvironment } from '../src/part-environment.ts'
import { runCommandLine } from './cli.ts'
import { formatSummary } from './import/format-report.ts'
import { runImportProcess } from './import/import-process.ts'
import { readRunFile } from './launch/run-file.ts'
import { StartError } from './process/server-process.ts'

/** `bun run import <generations.jsonl | folder>`, or `--from postgres://…`: imports generations of another system into the running studio. */

const NO_STUDIO_MESSAGE =
  'No studio runs here: start it, or give the DATABASE_URL and the NATS_URL of one that runs elsewhere.'
/** Options that say where a database has what it does not tell itself. */
const DATABASE_OPTIONS = ['map', 'files', 'bucket'] as const

process.exitCode = await main(process.argv.slice(2))

interface CommandOptions {
  dryRun?: boolean
  all?: boolean
  timeZone: string
  json?: boolean
  from?: string
  map?: string
  files?: string
  bucket?: string
}

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('import')
    .description(
      'Imports generations of another system: a JSON Lines file, a folder of pictures, or a Postgres database.',
    )
    .argument('[path]', 'generations.jsonl, or a folder of PNG, JPEG, WebP and AVIF pictures')
    .option(
      '--from <address>',
      'database of another system: postgres://user:password@host/database; - reads it from standard input',
    )
    .option('--map <file>', 'with --from: names its tables and columns, as JSON')
    .option('--files <folder>', 'with --from: folder that mirrors its storage')
    .option('--bucket <address>', 'with --from: where its objects are, as https://host/public/{bucket}/{path}')
    .option('--dry-run', 'looks at everything and writes nothing')
    .option('--all', 'also imports pictures that do not say how they were made')
    .option('--time-zone <zone>', 'zone of times that have none: Europe/Paris, +02:00', parseZone, 'UTC')
    .option('--json', 'the report as JSON on standard output')
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .action(async (path, options) => {
      code = await runImport(path, options)
    })
  return (await runCommandLine(program, args)) || code
}

function parseZone(name: string): string {
  if (parseTimeZone(name)) return name
  throw new InvalidArgumentError('It is a zone such as Europe/Paris, or an offset such as +02:00.')
}

/** @returns the exit code: 0 if all is imported, 1 if some is not, 2 if the import broke off */
async function runImport(path: string | undefined, options: CommandOptions): Promise<0 | 1 | 2> {
  const { dryRun, all, timeZone, json } = options
  const source = await buildSourceArguments(path, options)
  const args = [...source.args, '--time-zone', timeZone, ...(dryRun ? ['--dry-run'] : []), ...(all ? ['--all'] : [])]
  const report = await runImportProcess(args, await buildEnv(), source.input)
  if (!report) throw new StartError('The import broke off; what was imported stays. Run it again.')
  process.stdout.write(`${json ? JSON.stringify(report) : formatSummary(report).join('\n')}\n`)
  if (!report.isComplete) return 2
  return report.failed === 0 && Object.keys(report.leftOut).length === 0 ? 0 : 1
}

/** Builds the arguments of the process that name the source. The address of a database is its input: it has a password. */
async function buildSourceArguments(
  path: string | undefined,
  options: CommandOptions,
): Promise<{ args: string[]; input?: string }> {
  const given = DATABASE_OPTIONS.filter(name => options[name] !== undefined)
  if (options.from === undefined) {
    if (path === undefined) throw new StartError('Name a file or a folder, or a database with --from.')
    if (given.length > 0) throw new StartError(`--${given[0]} belongs to --from.`)
    return { args: [await resolvePath(path)] }
  }
  if (path !== undefined) throw new StartError('Name a file or a folder, or a database with --from, not both.')
  const args = given.flatMap(name => {
    const value = options[name] ?? ''
    return [`--${name}`, name === 'bucket' ? value : resolve(value)]
  })
  return { args: ['--database', ...args], input: options.from === '-' ? await Bun.stdin.text() : options.from }
}

async function resolvePath(path: string): Promise<string> {
  const stats = await stat(path).catch(cause => {
    throw new StartError(`${path} is not there.`, { cause })
  })
  if (!stats.isDirectory() && !stats.isFile()) throw new StartError(`${path} is neither a file nor a folder.`)
  return resolve(path)
}

/** Builds the environment of the import for the studio that the settings name, else for the one on this data directory. */
async function buildEnv(): Promise<Record<string, string>> {
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  const run = await readRunFile(dataDir)
  const [database, nats] = [
    config.DATABASE_URL ?? run?.databaseUrl,
    config.NATS_URL_INGEST ?? config.NATS_URL ?? run?.natsUrl,
  ]
  if (!database || !nats) throw new StartError(NO_STUDIO_MESSAGE)
  const parent = { DARKROOM_PARENT_PID: String(process.pid) }
  const settings = { DATABASE_URL: database, NATS_URL: nats, DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...parent }
  return selectPartEnvironment('ingest', { ...process.env, ...settings })
}
