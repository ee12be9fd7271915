import { sleep } from '../../src/runtime/timers.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { StartError } from '../process/server-process.ts'
import { createRestartDelays, type RestartPolicy, STUDIO_RESTART_POLICY } from './restart-policy.ts'

/** A process under supervision, until it exits. */
export interface RunningProcess {
  readonly child: ChildProcess
  stop(): Promise<void>
}

export interface Stoppable {
  stop(): Promise<void>
}

export interface SuperviseOptions {
  /** Name shown to users. */
  name: string
  /** Starts the process: once at first, and again after each exit. */
  start: (signal: AbortSignal) => Promise<RunningProcess>
  /** Called with a line for users at each exit and each restart. */
  onMessage: (line: string) => void
  /** Called once, when the policy gives up: there are no more restarts. */
  onFatal: (error: StartError) => void
  signal: AbortSignal
  /** `STUDIO_RESTART_POLICY` unless given. */
  restartPolicy?: RestartPolicy
}

/**
 * Starts a process and restarts it after each exit, with the pauses of the restart policy.
 *
 * @throws the error of the first start
 */
export async function supervise(options: SuperviseOptions): Promise<Stoppable> {
  const stopping = new AbortController()
  let running = await options.start(options.signal)
  const restarting = restartOnExit(options, stopping.signal, running, next => {
    running = next
  })
  return {
    stop: async () => {
      stopping.abort()
      await running.stop()
      await restarting
    },
  }
}

async function restartOnExit(
  options: SuperviseOptions,
  stopping: AbortSignal,
  first: RunningProcess,
  replace: (next: RunningProcess) => void,
): Promise<void> {
  const nextDelay = createRestartDelays(options.restartPolicy ?? STUDIO_RESTART_POLICY)
  let exitMessage = await waitForExit(options.name, first.child)
  while (!stopping.aborted) {
    const delayMs = nextDelay()
    if (delayMs === undefined) return options.onFatal(new StartError(`${options.name} keeps dying. ${exitMessage}`))
    options.onMessage(`${exitMessage.split('\n')[0]} It starts again in ${delayMs / 1_000} s.`)
    await sleep(delayMs, stopping)
    if (!stopping.aborted) exitMessage = await restart(options, stopping, replace)
  }
}

/**
 * Restarts the process and waits for its next exit.
 *
 * @returns the exit message; the error message if the start failed
 */
async function restart(
  { name, start, onMessage }: SuperviseOptions,
  stopping: AbortSignal,
  replace: (next: RunningProcess) => void,
): Promise<string> {
  try {
    const running = await start(stopping)
    replace(running)
    if (stopping.aborted) await running.stop()
    else onMessage(`${name} runs again.`)
    return await waitForExit(name, running.child)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function waitForExit(name: string, child: ChildProcess): Promise<string> {
  const exit = await child.exited
  return [`${name} ended (${exit}).`, ...(await child.lastLines())].join('\n')
}
