import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig, resolveDataDir } from '../src/config.ts'
import { selectPartEnvironment } from '../src/part-environment.ts'
import { isProcessAlive } from '../src/runtime/process-liveness.ts'
import { runCommandLine } from './cli.ts'
import { readRunFile } from './launch/run-file.ts'
import { ROOT } from './root.ts'

/** `bun run providers:check [connection] [--transcript FILE]`: checks connections at no cost, against the real account or server. */

const SCRIPT = join(ROOT, 'services', 'processor', 'src', 'connections', 'check-command', 'main.ts')

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('providers:check')
    .description('Checks connections: address, key, models. It makes nothing, and costs nothing.')
    .argument('[connection]', 'its id; all of them unless given')
    .option('--transcript <file>', 'writes requests and responses there, without keys')
    .exitOverride()
    .action(async (connection: string | undefined, { transcript }: { transcript?: string }) => {
      const file = transcript === undefined ? [] : ['--transcript', resolve(transcript)]
      code = await check([...(connection === undefined ? [] : [connection]), ...file])
    })
  return (await runCommandLine(program, args)) || code
}

/** Runs the check for the studio that the settings name, else for the one on this data directory, else for the environment alone. */
async function check(options: string[]): Promise<number> {
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  const run = await readRunFile(dataDir)
  // A launcher that was killed leaves its file: its database is not there.
  const database = config.DATABASE_URL ?? (run && isProcessAlive(run.pid) ? run.databaseUrl : undefined)
  const settings = { DATA_DIR: dataDir, ...(database === undefined ? {} : { DATABASE_URL: database }) }
  const child = Bun.spawn([process.execPath, '--no-env-file', SCRIPT, ...options], {
    env: selectPartEnvironment('processor', { ...process.env, ...settings }),
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  return await child.exited
}
