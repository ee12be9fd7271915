import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig, resolveDataDir } from '../src/config.ts'
import { selectPartEnvironment } from '../src/part-environment.ts'
import { runCommandLine } from './cli.ts'
import { readRunFile } from './launch/run-file.ts'
import { StartError } from './process/server-process.ts'
import { ROOT } from './root.ts'

/** `bun run import <generations.jsonl | folder>`: imports generations of another system into the running studio. */

const IMPORT_SCRIPT = join(ROOT, 'services', 'ingest', 'src', 'import', 'main.ts')
const NO_STUDIO_MESSAGE =
  'No studio runs here: start it, or give the DATABASE_URL and the NATS_URL of one that runs elsewhere.'

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('import')
    .description('Brings generations of another system in: a JSON Lines file, or a folder of PNG pictures.')
    .argument('<path>', 'generations.jsonl, or a folder of pictures by A1111, ComfyUI or InvokeAI')
    .option('--json', 'the counts as JSON on standard output')
    .exitOverride()
    .action(async (path, { json }) => {
      code = await runImport(path, json === true)
    })
  return (await runCommandLine(program, args)) || code
}

async function runImport(path: string, json: boolean): Promise<number> {
  const stats = await stat(path).catch(cause => {
    throw new StartError(`${path} is not there.`, { cause })
  })
  // A pipe or a device may give lines for ever, or none.
  if (!stats.isDirectory() && !stats.isFile()) throw new StartError(`${path} is neither a file nor a folder.`)
  const env = await buildEnv()
  const child = Bun.spawn([process.execPath, '--no-env-file', IMPORT_SCRIPT, resolve(path)], {
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const lastLine = (await new Response(child.stdout).text()).trim().split('\n').at(-1) ?? ''
  const code = await child.exited
  if (!lastLine.startsWith('{"imported"'))
    throw new StartError('The import broke off; what was brought in stays. Run it again.')
  process.stdout.write(`${json ? lastLine : formatCounts(lastLine)}\n`)
  return code === 0 ? 0 : 1
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
  const settings = { DATABASE_URL: database, NATS_URL: nats, DATA_DIR: dataDir, LOG_LEVEL: 'silent' }
  return selectPartEnvironment('ingest', { ...process.env, ...settings })
}

function formatCounts(line: string): string {
  const { imported, known, failed } = JSON.parse(line) as Record<string, number>
  const next = imported ? ' `bun run backfill reference-images` moves the pictures that came as text.' : ''
  return `${imported} brought in, ${known} known already, ${failed} not brought in.${next}`
}
