import { type Command, CommanderError } from 'commander'

/**
 * Parses a command line, runs its action and prints an error to standard error.
 *
 * @param program with `exitOverride`, so that it does not exit by itself
 * @returns the exit code: 0 on success and after help, 2 on an error
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
