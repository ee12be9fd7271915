import { type Output, openOutput } from './process-output.ts'

/** A process that the launcher started, and all that may be done with it. */
export interface Child {
  readonly pid: number
  readonly command: readonly string[]
  /** Settles once, when the process is gone, with what ended it: `exit 1`, `SIGKILL`. */
  readonly exited: Promise<string>
  running(): boolean
  /** The last lines it wrote, oldest first. */
  lastLines(): Promise<string[]>
  /** Asks it to stop; what is still there after `milliseconds`, or when `hurry` is aborted, is killed. Resolves when it is gone. */
  stop(milliseconds: number, hurry?: AbortSignal): Promise<void>
  /** Takes it away at once, with all that it started. */
  kill(): void
}

export interface ChildOptions {
  command: readonly string[]
  env: Record<string, string>
  cwd?: string
  output: Output
  /** What asks it to stop in order. */
  stopSignal: 'SIGTERM' | 'SIGINT'
}

/**
 * Starts a process in a session of its own, so that a Ctrl-C in the terminal reaches the launcher alone and parts stop in the
 * launcher's order. Should the launcher die without stopping it, a leash does.
 */
export function startChild(options: ChildOptions): Child {
  const { output, command, stopSignal } = options
  const lines = openOutput(output)
  const child = Bun.spawn([...command], {
    ...(options.cwd ? { cwd: options.cwd } : {}),
    env: options.env,
    stdin: 'ignore',
    stdout: lines.stdio,
    stderr: lines.stdio,
    detached: true,
  })
  lines.follow(child)
  const leash = holdLeash(child.pid, stopSignal)
  const exited = child.exited.then(async code => {
    leash()
    await lines.finished()
    return child.signalCode ? String(child.signalCode) : `exit ${code}`
  })
  const running = () => child.exitCode === null && child.signalCode === null
  const kill = () => running() && signalGroup(child.pid, 'SIGKILL')
  return {
    pid: child.pid,
    command,
    exited,
    running,
    lastLines: lines.last,
    stop: (milliseconds, hurry) => stop({ child, running, kill, exited, stopSignal, milliseconds, hurry }),
    kill,
  }
}

async function stop(options: {
  child: Bun.Subprocess
  running(): boolean
  kill(): void
  exited: Promise<string>
  stopSignal: NodeJS.Signals
  milliseconds: number
  hurry: AbortSignal | undefined
}): Promise<void> {
  const { child, kill, hurry } = options
  if (options.running()) child.kill(options.stopSignal)
  const timer = setTimeout(kill, options.milliseconds)
  hurry?.addEventListener('abort', kill)
  if (hurry?.aborted) kill()
  await options.exited
  clearTimeout(timer)
  hurry?.removeEventListener('abort', kill)
}

/**
 * A shell that waits for the end of its standard input, which comes when the launcher is gone however it went, and then asks
 * the process to stop.
 *
 * @returns lets go of the process
 */
function holdLeash(pid: number, stopSignal: NodeJS.Signals): () => void {
  const script = 'read -r _; kill -s "$1" "$2"'
  const shell = Bun.spawn(['/bin/sh', '-c', script, 'leash', stopSignal.slice('SIG'.length), String(pid)], {
    env: {},
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
  })
  shell.unref()
  return () => shell.kill('SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It went by itself in the meantime.
  }
}
