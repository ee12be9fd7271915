import { selectBaseEnvironment } from '../../src/base-environment.ts'

/** Failure of a command, with its output. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

export interface CommandOptions {
  signal: AbortSignal
  cwd?: string
  /** Its environment. What any program needs, and none of the studio's settings, unless given. */
  env?: Record<string, string>
  /** Time limit, in milliseconds; `DEFAULT_TIMEOUT_MS` unless given. */
  milliseconds?: number
}

const DEFAULT_TIMEOUT_MS = 60_000

/**
 * Runs a command to its end.
 *
 * @returns its standard output
 * @throws CommandError with its output if it fails or exceeds the time limit; the signal's reason when it is aborted
 */
export async function runCommand(command: readonly string[], options: CommandOptions): Promise<string> {
  const { signal, milliseconds = DEFAULT_TIMEOUT_MS } = options
  signal.throwIfAborted()
  const child = Bun.spawn([...command], {
    ...(options.cwd ? { cwd: options.cwd } : {}),
    env: options.env ?? selectBaseEnvironment(process.env),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    signal: AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]),
  })
  const [out, err, code] = await Promise.all([readText(child.stdout), readText(child.stderr), child.exited])
  signal.throwIfAborted()
  if (code === 0) return out
  throw new CommandError(`${command.at(0)} failed (${child.signalCode ?? `exit ${code}`}): ${`${out}\n${err}`.trim()}`)
}

function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text()
}
