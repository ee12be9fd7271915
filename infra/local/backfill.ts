import { Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { resumeRun, showStatus, startRun, startVerification, stopRun } from './backfill/commands.ts'
import { runCommandLine } from './cli.ts'

/**
 * `bun run backfill …`: starts and follows the migration of old images from rows into the store. The running studio does the
 * work: this command sends it messages over NATS and reads the progress from the database.
 */

const code = await main(process.argv.slice(2))
// The NATS client may still have timers after it was closed, which would keep this process alive.
process.stdout.write('', () => process.exit(code))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = createProgram(exitCode => {
    code = exitCode
  })
  return (await runCommandLine(program, args)) || code
}

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('backfill')
    .description('Moves pictures that old rows carry as text into the store, and leaves pointers.')
    .exitOverride()
    .showHelpAfterError('(--help says more)')
  const json = () => new Option('--json', 'what was found as JSON on standard output')
  program
    .command('reference-images')
    .description('begins a run and follows it; closing this does not stop it')
    .option('--dry-run', 'looks at everything and changes nothing', false)
    .option('--batch <rows>', 'rows that one message stands for', parseInteger(1, 500), 20)
    .option('--concurrency <rows>', 'rows that are worked on at once', parseInteger(1, 32), 4)
    .option('--limit <rows>', 'rows after which the run is over', parseInteger(1, 2_147_483_647))
    .addOption(json())
    .action(async options => setExitCode(await startRun(options)))
  program
    .command('status [run]')
    .description('the latest runs, or one with the rows that it could not move')
    .addOption(json())
    .action(async (run, options) => setExitCode(await showStatus(run && parseUuid(run), options)))
  program
    .command('stop [run]')
    .description('has a run go no further; the one that runs unless another is named')
    .action(async run => setExitCode(await stopRun(run && parseUuid(run))))
  program
    .command('resume <run>')
    .description('has a run that was stopped go on where it was, and follows it')
    .addOption(json())
    .action(async (run, options) => setExitCode(await resumeRun(parseUuid(run), options)))
  program
    .command('verify [run]')
    .description('reads back what a run has moved, or all that was ever moved, and compares it')
    .option('--concurrency <pictures>', 'pictures that are read at once', parseInteger(1, 32), 4)
    .addOption(json())
    .action(async (run, options) => setExitCode(await startVerification(run && parseUuid(run), options)))
  return program
}

function parseInteger(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`)
  }
}

function parseUuid(text: string): string {
  if (z.uuid().safeParse(text).success) return text.toLowerCase()
  throw new InvalidArgumentError('A run is named by its id; `bun run backfill status` lists them.')
}
