import { sleep } from '../../src/runtime/timers.ts'
import type { Child } from '../process/child-process.ts'
import { PartError } from '../process/server-process.ts'

/** When to start again what died, and when to give up. In milliseconds. */
export interface Patience {
  firstPause: number
  longestPause: number
  /** So many deaths within `window` are too many. */
  deaths: number
  window: number
}

/** Something that runs until it dies. */
export interface Running {
  readonly child: Child
  stop(): Promise<void>
}

export interface Supervised {
  stop(): Promise<void>
}

export interface SuperviseOptions {
  /** As a person knows it. */
  name: string
  /** Starts it, the first time and each time after it died. */
  start: (signal: AbortSignal) => Promise<Running>
  /** Told each time it died, and each time it runs again. */
  say: (line: string) => void
  /** Told once, when it keeps dying; it is not started again. */
  giveUp: (error: PartError) => void
  signal: AbortSignal
  patience?: Patience
}

const PATIENCE: Patience = { firstPause: 1_000, longestPause: 10_000, deaths: 5, window: 60_000 }

/**
 * Starts something and keeps it running: each death is followed by a pause, twice as long as the one before, and a new start.
 *
 * @throws what the first start throws
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const stopping = new AbortController()
  let running = await options.start(options.signal)
  const watched = watch(options, stopping.signal, running, next => {
    running = next
  })
  return {
    stop: async () => {
      stopping.abort()
      await running.stop()
      await watched
    },
  }
}

async function watch(
  options: SuperviseOptions,
  stopping: AbortSignal,
  first: Running,
  replace: (next: Running) => void,
): Promise<void> {
  const nextPause = createPauses(options.patience ?? PATIENCE)
  let death = await deathOf(options.name, first.child)
  while (!stopping.aborted) {
    const pause = nextPause()
    if (pause === undefined) return options.giveUp(new PartError(`${options.name} keeps dying. ${death}`))
    options.say(`${death.split('\n')[0]} It starts again in ${pause / 1_000} s.`)
    await sleep(pause, stopping)
    if (!stopping.aborted) death = await runAgain(options, stopping, replace)
  }
}

/** How long to wait after the death that has just been; undefined when it was one too many. */
function createPauses(patience: Patience): () => number | undefined {
  let deaths: number[] = []
  return () => {
    const now = performance.now()
    deaths = [...deaths.filter(death => now - death < patience.window), now]
    if (deaths.length >= patience.deaths) return undefined
    return Math.min(patience.longestPause, patience.firstPause * 2 ** (deaths.length - 1))
  }
}

/** @returns how it ended, once it has; a start that failed has ended at once */
async function runAgain(
  { name, start, say }: SuperviseOptions,
  stopping: AbortSignal,
  replace: (next: Running) => void,
): Promise<string> {
  try {
    const running = await start(stopping)
    replace(running)
    if (stopping.aborted) await running.stop()
    else say(`${name} runs again.`)
    return await deathOf(name, running.child)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function deathOf(name: string, child: Child): Promise<string> {
  const how = await child.exited
  return [`${name} ended (${how}).`, ...(await child.lastLines())].join('\n')
}
