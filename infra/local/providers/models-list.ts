import { join } from 'node:path'
import { Command } from 'commander'
import { runCommandLine } from '../cli.ts'
import { ROOT } from '../root.ts'
import { runProcessorCommand } from './processor-command.ts'

/** `bun run models:list [connection]`: what is offered, what the catalogue lacks, and what is retired. */

const SCRIPT = join(ROOT, 'services', 'processor', 'src', 'connections', 'models-command', 'main.ts')

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('models:list')
    .description('Lists the models of connections: offered, not in the catalogue, retired. It costs nothing.')
    .argument('[connection]', 'its id; all of them unless given')
    .exitOverride()
    .action(async (connection: string | undefined) => {
      code = await runProcessorCommand(SCRIPT, connection === undefined ? [] : [connection])
    })
  return (await runCommandLine(program, args)) || code
}
