import { supervise } from '../../local/launch/supervisor.ts'
import {
  fetchIfReachable,
  type ServiceProcess,
  type ServiceProcessOptions,
  startServiceProcess,
  waitUntilServiceReady,
} from './service-process.ts'

/** A service that tests kill, freeze and restart. It starts again whenever its process ends. */
export interface FaultService extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** The reason for the end of each process that it had: `SIGKILL`, `exit 0`. */
  readonly exits: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Waits until its process reports that it is ready. */
  waitUntilReady(): Promise<void>
  /** Resolves when the present process has ended. */
  waitForExit(): Promise<string>
  /** Stops the process in order and starts another with these settings, which no later one has. Resolves when it is ready. */
  restart(env?: Record<string, string>): Promise<void>
  /** Returns a metric of the present process, summed over its labels; 0 if there is none of that name. */
  readMetric(name: string): Promise<number>
}

/** The tests kill it, however often: it is always started again. */
const RESTART_POLICY = { initialDelayMs: 50, maxDelayMs: 50, maxExits: Number.POSITIVE_INFINITY, windowMs: 1 }

/** Starts a service under a supervisor. It is not ready yet. */
export async function startFaultService(options: ServiceProcessOptions): Promise<FaultService> {
  const { service } = options
  const url = `http://127.0.0.1:${options.port}`
  const exits: string[] = []
  let nextEnv: Record<string, string> = {}
  let current: ServiceProcess | undefined
  const start = async () => {
    const started = startServiceProcess({ ...options, env: { ...options.env, ...nextEnv } })
    nextEnv = {}
    current = started
    void started.child.exited.then(reason => exits.push(reason))
    return { child: started.child, stop: async () => void (await started.stop()) }
  }
  const supervised = await supervise({
    name: service,
    start,
    onMessage: () => {},
    onFatal: () => {},
    signal: new AbortController().signal,
    restartPolicy: RESTART_POLICY,
  })
  const signal = (name: NodeJS.Signals) => {
    if (current?.child.isRunning()) process.kill(current.child.pid, name)
  }
  return {
    url,
    exits,
    get pid() {
      return current?.child.pid ?? 0
    },
    signal,
    waitUntilReady: () => waitUntilServiceReady(service, async () => url),
    waitForExit: async () => (await current?.child.exited) ?? '',
    restart: async (env = {}) => {
      nextEnv = env
      const before = current
      signal('SIGTERM')
      await before?.child.exited
      await waitUntilServiceReady(service, async () => (current === before ? undefined : url))
    },
    readMetric: name => readMetric(url, name),
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT')
      await supervised.stop()
    },
  }
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = (await (await fetchIfReachable(`${url}/metrics`))?.text()) ?? ''
  const line = new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)`)
  return text.split('\n').reduce((sum, row) => sum + Number(line.exec(row)?.[2] ?? 0), 0)
}
