import { join } from 'node:path'
import { forEachLine } from '../../local/process/process-output.ts'

/** A launcher in a process of its own, as people start it, known by what it prints. */
export interface Launcher extends AsyncDisposable {
  pid: number
  /** All that it has printed. */
  lines: string[]
  /** Its address, once it says that it is open. Fails with all that it printed if it ends before. */
  url: Promise<string>
  /** Its exit code, when it is gone; negative is no code, but a signal. */
  exited: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Ctrl-C. @returns the exit code */
  stop(): Promise<number>
}

export interface LauncherOptions {
  /** All the environment that it gets. */
  env: Record<string, string>
  /** What is put before `bun`: another user, other namespaces. */
  prefix?: readonly string[]
  /** The Bun that runs it, and the clone that it runs from, where these are not this process' own. */
  bun?: string
  clone?: string
  /** The file of the clone that it runs, and its arguments, where that is not `bun start` itself. */
  run?: readonly string[]
  /** Told each line as it comes. */
  onLine?: (line: string) => void
}

const CLONE = join(import.meta.dirname, '..', '..', '..')
const START = ['infra/local/bootstrap.ts', 'start']
const OPEN_LINE = /Darkroom is open: (\S+)/
const STOP_MS = 20_000

/** Runs `bun start`. */
export function startLauncher(options: LauncherOptions): Launcher {
  const { prefix = [], bun = process.execPath, clone = CLONE, run = START } = options
  const [file = '', ...args] = run
  return watchLauncher([...prefix, bun, join(clone, file), ...args], options)
}

/** Runs a command that is a launcher. It is stopped, at the latest, when it is disposed of. */
export function watchLauncher(command: string[], { env, onLine }: Pick<LauncherOptions, 'env' | 'onLine'>): Launcher {
  const lines: string[] = []
  const opened = Promise.withResolvers<string>()
  const onOutputLine = (line: string) => {
    lines.push(line)
    onLine?.(line)
    const [, url] = OPEN_LINE.exec(line) ?? []
    if (url) opened.resolve(url)
  }
  // It does not outlive a test that is killed.
  const childEnv = { DARKROOM_PARENT_PID: String(process.pid), ...env }
  const child = Bun.spawn(command, { cwd: '/', env: childEnv, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
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
