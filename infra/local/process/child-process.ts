import { openProcessOutput, type ProcessOutput } from './process-output.ts'

/** Handle of a process that the launcher started. */
export interface ChildProcess {
  readonly pid: number
  readonly command: readonly string[]
  /** Resolves when the process is gone, with the cause: `exit 1`, `SIGKILL`. */
  readonly exited: Promise<string>
  /** Resolves as soon as the process has ended, when its output may not have been read yet. */
  readonly ended: Promise<void>
  isRunning(): boolean
  /** Returns the last lines of its output, oldest first. */
  lastLines(): Promise<string[]>
  /**
   * Sends the stop signal. After `milliseconds`, or when the user does not wait any longer, it kills the process with all that it
   * started. Resolves when the process is gone.
   */
  stop(milliseconds: number, force?: ForcedStop): Promise<void>
  /** Sends SIGKILL to the process and all that it started. */
  kill(): void
  /** Sends a message to the process, if it has a channel and runs. */
  send(message: unknown): void
  /** Sets the listener for messages of the process. */
  listen(listener: (message: unknown) => void): void
}

/** A stop that the user does not wait for any longer. */
export interface ForcedStop {
  /** Aborted when the user does not wait. */
  signal: AbortSignal
  /** Time between a second stop signal and the kill, in milliseconds. Absent: it is killed at once. */
  graceMs?: number
}

export interface ChildProcessOptions {
  command: readonly string[]
  env: Record<string, string>
  cwd?: string
  output: ProcessOutput
  /** Signal that requests an orderly stop. */
  stopSignal: 'SIGTERM' | 'SIGINT'
  /** Whether the process has a channel for messages, as `process.send` of Node. */
  hasChannel?: boolean
}

/**
 * Starts a process in a session of its own, so that a Ctrl-C in the terminal reaches only the launcher, which stops processes in
 * its order. If the launcher dies without stopping the process, a watchdog stops it.
 */
export function startChildProcess(options: ChildProcessOptions): ChildProcess {
  const { output, command, stopSignal } = options
  const sink = openProcessOutput(output)
  let onMessage: (message: unknown) => void = () => {}
  const child = spawn(options, sink, message => onMessage(message))
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
    ended: child.exited.then(() => {}),
    isRunning,
    lastLines: sink.readLastLines,
    stop: (milliseconds, force) =>
      stopChildProcess({ child, isRunning, kill, exited, stopSignal, milliseconds, force }),
    kill,
    send: message => {
      if (!options.hasChannel || !isRunning()) return
      try {
        child.send(message)
      } catch {
        // Its channel is closed before its end is known.
      }
    },
    listen: listener => {
      onMessage = listener
    },
  }
}

/** @throws Error if there is no such program; the output is given back then */
function spawn(
  options: ChildProcessOptions,
  sink: ReturnType<typeof openProcessOutput>,
  onMessage: (message: unknown) => void,
): Bun.Subprocess {
  try {
    return Bun.spawn([...options.command], {
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...(options.hasChannel ? { ipc: onMessage, serialization: 'json' as const } : {}),
      env: options.env,
      stdin: 'ignore',
      stdout: sink.stdio,
      stderr: sink.stdio,
      detached: true,
    })
  } catch (error) {
    sink.discard()
    throw error
  }
}

async function stopChildProcess(options: {
  child: Bun.Subprocess
  isRunning(): boolean
  kill(): void
  exited: Promise<string>
  stopSignal: NodeJS.Signals
  milliseconds: number
  force: ForcedStop | undefined
}): Promise<void> {
  const { child, kill, isRunning, force } = options
  const sendStop = () => isRunning() && child.kill(options.stopSignal)
  sendStop()
  let timer = setTimeout(kill, options.milliseconds)
  const forceStop = () => {
    if (force?.graceMs === undefined) return kill()
    clearTimeout(timer)
    timer = setTimeout(kill, force.graceMs)
    sendStop()
  }
  force?.signal.addEventListener('abort', forceStop)
  if (force?.signal.aborted) forceStop()
  await options.exited
  clearTimeout(timer)
  force?.signal.removeEventListener('abort', forceStop)
}

/**
 * Starts a shell that sends the stop signal to the process when the launcher is gone, however it ended: its standard input ends
 * then.
 *
 * @returns a function that ends the watchdog
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
    // It has exited in the meantime.
  }
}
