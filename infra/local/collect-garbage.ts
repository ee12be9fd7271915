import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig, resolveDataDir } from '../src/config.ts'
import { selectPartEnvironment } from '../src/part-environment.ts'
import { runCommandLine } from './cli.ts'
import { readRunFile } from './launch/run-file.ts'
import { StartError } from './process/server-process.ts'
import { ROOT } from './root.ts'

/** `bun run collect-garbage [--dry-run]`: removes objects of the store that no row has named for a day. */

const SCRIPT = join(ROOT, 'services', 'processor', 'src', 'maintenance', 'garbage', 'main.ts')
const NO_STUDIO_MESSAGE =
  'No studio runs here: start it, or give the DATABASE_URL and the NATS_URL of one that runs elsewhere.'

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('collect-garbage')
    .description(
      'Removes objects of the store that no row has named for a day: what a crash in an upload leaves behind.',
    )
    .option('--dry-run', 'lists them and removes nothing')
    .option('--force', 'removes them even if they are more than half of the store')
    .exitOverride()
    .action(async ({ dryRun, force }) => {
      code = await collect([...(dryRun ? ['--dry-run'] : []), ...(force ? ['--force'] : [])])
    })
  return (await runCommandLine(program, args)) || code
}

/** Runs the search for the studio that the settings name, else for the one on this data directory. */
async function collect(options: string[]): Promise<number> {
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  const run = await readRunFile(dataDir)
  const [database, nats] = [
    config.DATABASE_URL ?? run?.databaseUrl,
    config.NATS_URL_PROCESSOR ?? config.NATS_URL ?? run?.natsUrl,
  ]
  if (!database || !nats) throw new StartError(NO_STUDIO_MESSAGE)
  const settings = { DATABASE_URL: database, NATS_URL: nats, DATA_DIR: dataDir, LOG_LEVEL: 'silent' }
  const child = Bun.spawn([process.execPath, '--no-env-file', SCRIPT, ...options], {
    env: selectPartEnvironment('processor', { ...process.env, ...settings }),
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  return await child.exited
}
