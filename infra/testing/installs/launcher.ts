import { join } from 'node:path'
import { forEachLine } from '../../local/process/line-splitter.ts'
import { waitFor } from '../wait-for.ts'

/** A launcher in a process of its own, as users start it, observed by its output. */
export interface Launcher extends AsyncDisposable {
  pid: number
  /** Its output so far. */
  lines: string[]
  /** Its address, once it is open. Rejects with its output if it ends before. */
  url: Promise<string>
  /** Its exit code; negative if a signal ended it. */
  exited: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Sends SIGINT, as Ctrl-C does. @returns the exit code */
  stop(): Promise<number>
}

export interface LauncherOptions {
  /** Its complete environment. */
  env: Record<string, string>
  /** Command prefix of `bun`: another user, other namespaces. */
  prefix?: readonly string[]
  /** The Bun and the clone that run it, unless they are those of this process. */
  bun?: string
  clone?: string
  /** The file of the clone that it runs, and its arguments, unless that is `bun start`. */
  run?: readonly string[]
  /** Called for each line of output. */
  onLine?: (line: string) => void
}

export const CLONE = join(import.meta.dirname, '..', '..', '..')
const START = ['infra/local/bootstrap.ts', 'start']
const OPEN_LINE = /Darkroom is open: (\S+)/
const STOP_MS = 60_000

/** Runs `bun start`. */
export function startLauncher(options: LauncherOptions): Launcher {
  const { prefix = [], bun = process.execPath, clone = CLONE, run = START } = options
  const [file = '', ...args] = run
  return watchLauncher([...prefix, bun, join(clone, file), ...args], options)
}

/** Runs a launcher by a command, in the folder `cwd` (`/` unless given). Disposing of it stops it. */
export function watchLauncher(
  command: string[],
  { env, onLine, cwd = '/' }: Pick<LauncherOptions, 'env' | 'onLine'> & { cwd?: string },
): Launcher {
  const lines: string[] = []
  const opened = Promise.withResolvers<string>()
  const onOutputLine = (line: string) => {
    lines.push(line)
    onLine?.(line)
    const [, url] = OPEN_LINE.exec(line) ?? []
    if (url) opened.resolve(url)
  }
  // Stops the launcher if the test is killed.
  const childEnv = { DARKROOM_PARENT_PID: String(process.pid), ...env }
  const child = Bun.spawn(command, { cwd, env: childEnv, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const outputDone = Promise.all([forEachLine(child.stdout, onOutputLine), forEachLine(child.stderr, onOutputLine)])
  const exited = child.exited.then(async code => {
    await outputDone
    opened.reject(new Error(`ended with ${code}:\n${lines.join('\n')}`))
    return child.signalCode ? -1 : code
  })
  opened.promise.catch(() => {})
  const stop = async () => {
    child.kill('SIGINT')
    return await exited
  }
  return {
    pid: child.pid,
    lines,
    url: opened.promise,
    exited,
    kill: signal => child.kill(signal),
    stop,
    [Symbol.asyncDispose]: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await stop()
      clearTimeout(timer)
    },
  }
}

/** Waits for a line of a launcher's output that contains a text. @throws DeadlineError after `milliseconds` */
export async function waitForLine({ lines }: Launcher, text: string, milliseconds: number): Promise<void> {
  await waitFor(`"${text}"`, milliseconds, async () => lines.some(line => line.includes(text)))
}
