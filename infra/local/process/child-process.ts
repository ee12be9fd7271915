import { openProcessOutput, type ProcessOutput } from './process-output.ts'

/** A process that the launcher started, and all that may be done with it. */
export interface ChildProcess {
  readonly pid: number
  readonly command: readonly string[]
  /** Settles once, when the process is gone, with what ended it: `exit 1`, `SIGKILL`. */
  readonly exited: Promise<string>
  isRunning(): boolean
  /** The last lines it wrote, oldest first. */
  lastLines(): Promise<string[]>
  /** Asks it to stop; what is still there after `milliseconds`, or when `hurry` is aborted, is killed. Resolves when it is gone. */
  stop(milliseconds: number, forceSignal?: AbortSignal): Promise<void>
  /** Takes it away at once, with all that it started. */
  kill(): void
}

export interface ChildProcessOptions {
  command: readonly string[]
  env: Record<string, string>
  cwd?: string
  output: ProcessOutput
  /** What asks it to stop in order. */
  stopSignal: 'SIGTERM' | 'SIGINT'
}

/**
 * Starts a process in a session of its own, so that a Ctrl-C in the terminal reaches the launcher alone and parts stop in the
 * launcher's order. Should the launcher die without stopping it, a leash does.
 */
export function startChildProcess(options: ChildProcessOptions): ChildProcess {
  const { output, command, stopSignal } = options
  const sink = openProcessOutput(output)
  const child = Bun.spawn([...command], {
    ...(options.cwd ? { cwd: options.cwd } : {}),
    env: options.env,
    stdin: 'ignore',
    stdout: sink.stdio,
    stderr: sink.stdio,
    detached: true,
  })
  sink.attach(child)
  const stopWatchdog = startWatchdog(child.pid, stopSignal)
  const exited = child.exited.then(async code => {
    stopWatchdog()
    await sink.waitUntilRead()
    return child.signalCode ? String(child.signalCode) : `exit ${code}`
  })
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const kill = () => isRunning() && signalGroup(child.pid, 'SIGKILL')
  return {
    pid: child.pid,
    command,
    exited,
    isRunning,
    lastLines: sink.readLastLines,
    stop: (milliseconds, forceSignal) =>
      stopChildProcess({ child, isRunning, kill, exited, stopSignal, milliseconds, forceSignal }),
    kill,
  }
}

async function stopChildProcess(options: {
  child: Bun.Subprocess
  isRunning(): boolean
  kill(): void
  exited: Promise<string>
  stopSignal: NodeJS.Signals
  milliseconds: number
  forceSignal: AbortSignal | undefined
}): Promise<void> {
  const { child, kill, forceSignal } = options
  if (options.isRunning()) child.kill(options.stopSignal)
  const timer = setTimeout(kill, options.milliseconds)
  forceSignal?.addEventListener('abort', kill)
  if (forceSignal?.aborted) kill()
  await options.exited
  clearTimeout(timer)
  forceSignal?.removeEventListener('abort', kill)
}

/**
 * A shell that waits for the end of its standard input, which comes when the launcher is gone however it went, and then asks
 * the process to stop.
 *
 * @returns lets go of the process
 */
function startWatchdog(pid: number, stopSignal: NodeJS.Signals): () => void {
  const script = 'read -r _; kill -s "$1" "$2"'
  const shell = Bun.spawn(['/bin/sh', '-c', script, 'watchdog', stopSignal.slice('SIG'.length), String(pid)], {
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
