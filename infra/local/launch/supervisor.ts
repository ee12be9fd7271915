import { sleep } from '../../src/runtime/timers.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { type CountedExit, createExitCounter, type RestartPolicy, STUDIO_RESTART_POLICY } from './restart-policy.ts'

/** A process under supervision, until it exits. */
export interface RunningProcess {
  readonly child: ChildProcess
  /** Resolves with true when it does its work, with false if it exits before. Absent: it does when `start` has returned. */
  waitUntilReady?(): Promise<boolean>
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
  /** Called with lines for users: at exits, ever more rarely, with the last lines of the process, and when it works again. */
  onMessage: (line: string) => void
  /** Aborts the first start. */
  signal: AbortSignal
  /** Whether an error of the first start is thrown, instead of counting as an exit. */
  isFirstStartRequired: boolean
  /** `STUDIO_RESTART_POLICY` unless given. */
  restartPolicy?: RestartPolicy
}

/** End of one run of the process, or of a start that failed. */
interface Exit {
  ranMs: number
  /** First the cause, then the last lines of its output. */
  lines: string[]
}

const MAX_LINES = 10
const MAX_LINE_LENGTH = 300
/** Exits in a row from which each line about an exit comes with the last lines again. Before, only those of a new cause do. */
const REPEAT_LINES_FROM = 8

/**
 * Starts a process and restarts it after each exit, without end, with the pauses of the restart policy.
 *
 * @throws the error of the first start if it is required; the signal's reason when that is aborted
 */
export async function supervise(options: SuperviseOptions): Promise<Stoppable> {
  const supervisor = createSupervisor(options)
  const first = await supervisor.tryStart(options.signal)
  if (options.signal.aborted && 'running' in first) await first.running.stop()
  options.signal.throwIfAborted()
  if ('error' in first && options.isFirstStartRequired) throw first.error
  const ended = supervisor.run(first)
  return {
    stop: async () => {
      supervisor.beginStop()
      await supervisor.running()?.stop()
      await ended
    },
  }
}

type Start = { running: RunningProcess; startedAt: number } | { error: unknown }

function createSupervisor(options: SuperviseOptions) {
  const { name, onMessage, restartPolicy: policy = STUDIO_RESTART_POLICY } = options
  const stopping = new AbortController()
  let running: RunningProcess | undefined
  const tryStart = async (signal: AbortSignal): Promise<Start> => {
    const startedAt = performance.now()
    try {
      running = await options.start(signal)
      return { running, startedAt }
    } catch (error) {
      return { error }
    }
  }
  const run = async (first: Start) => {
    const countExit = createExitCounter(policy)
    let exit = await waitForExit(name, first)
    let reportedCause: string | undefined
    while (!stopping.signal.aborted) {
      const counted = countExit(exit.ranMs)
      const isReported = isPowerOfTwo(counted.exits)
      const isNewCause = counted.exits === 1 || exit.lines[0] !== reportedCause
      if (isReported) for (const line of formatExit(exit, counted, isNewCause)) onMessage(line)
      if (isReported) reportedCause = exit.lines[0]
      await sleep(counted.delayMs, stopping.signal)
      if (stopping.signal.aborted) return
      const started = await tryStart(stopping.signal)
      const { aborted } = stopping.signal
      // A stop during the start found no process yet.
      if ('running' in started && aborted) await started.running.stop()
      if ('running' in started) void reportRecovery(started.running, isReported ? 0 : policy.resetAfterMs)
      exit = await waitForExit(name, started)
    }
  }
  /** Reports that the process works again: at once after a reported exit, else when it has run well for a time. */
  const reportRecovery = async ({ child, waitUntilReady }: RunningProcess, afterMs: number) => {
    const ended = new AbortController()
    void child.exited.then(() => ended.abort())
    const isReady = (await waitUntilReady?.()) ?? true
    if (isReady) await sleep(afterMs, AbortSignal.any([ended.signal, stopping.signal]))
    if (isReady && !ended.signal.aborted && !stopping.signal.aborted) onMessage(`${name} runs again.`)
  }
  return { tryStart, run, running: () => running, beginStop: () => stopping.abort() }
}

async function waitForExit(name: string, start: Start): Promise<Exit> {
  if ('error' in start) {
    const message = start.error instanceof Error ? start.error.message : String(start.error)
    return { ranMs: 0, lines: message.split('\n') }
  }
  const { child } = start.running
  const cause = `${name} ended (${await child.exited}).`
  return { ranMs: performance.now() - start.startedAt, lines: [cause, ...(await child.lastLines())] }
}

function formatExit({ lines }: Exit, { exits, delayMs }: CountedExit, isNewCause: boolean): string[] {
  const [cause = '', ...output] = lines
  const count = exits > 1 ? ` That was ${exits} times in a row.` : ''
  const isWithOutput = isNewCause || exits >= REPEAT_LINES_FROM
  const lastLines = isWithOutput ? output.slice(-MAX_LINES).map(line => `  ${line.slice(0, MAX_LINE_LENGTH)}`) : []
  return [`${cause.replace(/\.?$/, '.')}${count} It starts again in ${delayMs / 1_000} s.`, ...lastLines]
}

/** Selects the exits in a row that are reported: the first ones, and later ever fewer. */
function isPowerOfTwo(exits: number): boolean {
  return Number.isInteger(Math.log2(exits))
}
