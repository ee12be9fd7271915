import { type Command, CommanderError } from 'commander'

/**
 * Runs what a command line asks a program for, and says on standard error what went wrong. The program exits by nothing but
 * what this returns (`exitOverride`).
 *
 * @returns 0 if it was done, or only explained; 2 if not
 */
export async function runCommandLine(program: Command, args: string[]): Promise<0 | 2> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
}
