import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { runCommandLine } from '../cli.ts'
import { ROOT } from '../root.ts'
import { runProcessorCommand } from './processor-command.ts'

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
      code = await runProcessorCommand(SCRIPT, [...(connection === undefined ? [] : [connection]), ...file])
    })
  return (await runCommandLine(program, args)) || code
}
