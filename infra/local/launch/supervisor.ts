import { sleep } from '../../src/runtime/timers.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { StartError } from '../process/server-process.ts'

/** When to start again what died, and when to give up. In milliseconds. */
export interface RestartPolicy {
  initialDelayMs: number
  maxDelayMs: number
  /** So many deaths within `window` are too many. */
  maxExits: number
  windowMs: number
}

/** Something that runs until it dies. */
export interface RunningProcess {
  readonly child: ChildProcess
  stop(): Promise<void>
}

export interface Stoppable {
  stop(): Promise<void>
}

export interface SuperviseOptions {
  /** As a person knows it. */
  name: string
  /** Starts it, the first time and each time after it died. */
  start: (signal: AbortSignal) => Promise<RunningProcess>
  /** Told each time it died, and each time it runs again. */
  onMessage: (line: string) => void
  /** Told once, when it keeps dying; it is not started again. */
  onFatal: (error: StartError) => void
  signal: AbortSignal
  restartPolicy?: RestartPolicy
}

const DEFAULT_RESTART_POLICY: RestartPolicy = {
  initialDelayMs: 1_000,
  maxDelayMs: 10_000,
  maxExits: 5,
  windowMs: 60_000,
}

/**
 * Starts something and keeps it running: each death is followed by a pause, twice as long as the one before, and a new start.
 *
 * @throws what the first start throws
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
  const nextDelay = createRestartDelays(options.restartPolicy ?? DEFAULT_RESTART_POLICY)
  let exitMessage = await waitForExit(options.name, first.child)
  while (!stopping.aborted) {
    const delayMs = nextDelay()
    if (delayMs === undefined) return options.onFatal(new StartError(`${options.name} keeps dying. ${exitMessage}`))
    options.onMessage(`${exitMessage.split('\n')[0]} It starts again in ${delayMs / 1_000} s.`)
    await sleep(delayMs, stopping)
    if (!stopping.aborted) exitMessage = await restart(options, stopping, replace)
  }
}

/** How long to wait after the death that has just been; undefined when it was one too many. */
function createRestartDelays(policy: RestartPolicy): () => number | undefined {
  let exits: number[] = []
  return () => {
    const now = performance.now()
    exits = [...exits.filter(exitedAt => now - exitedAt < policy.windowMs), now]
    if (exits.length >= policy.maxExits) return undefined
    return Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** (exits.length - 1))
  }
}

/** @returns how it ended, once it has; a start that failed has ended at once */
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
