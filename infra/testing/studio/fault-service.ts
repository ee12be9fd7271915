import type { Service } from '@darkroom/contracts/routes'
import { supervise } from '../../local/launch/supervisor.ts'
import {
  fetchIfReachable,
  type ServiceProcess,
  type ServiceProcessOptions,
  startServiceProcess,
  waitUntilServiceReady,
} from './service-process.ts'

/** The life of one process of a service. Times are in ms since 1970. */
export interface ProcessLife {
  service: string
  /** Address at which it has the provider; of a processor only. */
  providerHost: string | undefined
  pid: number
  startedAt: number
  /** Signals that tests sent it. */
  signals: { name: NodeJS.Signals; at: number }[]
  /** The failpoint that it was started with. */
  failpoint: string | undefined
  endedAt: number | null
  /** The reason for its end: `SIGKILL`, `exit 0`; null while it runs. */
  exit: string | null
}

/** A service that tests kill, freeze and restart. It starts again whenever its process ends. */
export interface FaultService extends AsyncDisposable {
  readonly service: Service
  readonly url: string
  readonly pid: number
  /** The reason for the end of each process that it had: `SIGKILL`, `exit 0`. */
  readonly exits: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Waits until its process reports that it is ready. */
  waitUntilReady(): Promise<void>
  /** Waits until its process responds. */
  waitUntilAlive(): Promise<void>
  /** Resolves when the present process has ended. */
  waitForExit(): Promise<string>
  /**
   * Stops the process in order and starts another with these settings, which no later one has. Resolves when it is ready, or
   * alive, which it is also without the store, the database and the bus.
   */
  restart(env?: Record<string, string>, until?: 'ready' | 'alive'): Promise<void>
  /** The life of each process that it had, the present one last. */
  readonly lives: readonly ProcessLife[]
  /** Ends its process with SIGKILL, and starts no other until it is resumed. Resolves when the process is gone. */
  suspend(): Promise<void>
  /** Starts a process again, with these settings, which no later one has. It is not ready yet. */
  resume(env?: Record<string, string>): void
  /** Returns a metric of the present process, summed over its labels; 0 if there is none of that name. */
  readMetric(name: string): Promise<number>
}

/** The tests kill it, however often: it is always started again. */
const RESTART_POLICY = { initialDelayMs: 50, maxDelayMs: 50, resetAfterMs: 1 }

/** Starts a service under a supervisor. It is not ready yet. */
export async function startFaultService(options: ServiceProcessOptions): Promise<FaultService> {
  const { service } = options
  const url = `http://${options.host?.address ?? '127.0.0.1'}:${options.port}`
  const lives: ProcessLife[] = []
  let nextEnv: Record<string, string> = {}
  let current: ServiceProcess | undefined
  let resumed = Promise.withResolvers<void>()
  resumed.resolve()
  const start = async () => {
    await resumed.promise
    const env = { ...options.env, ...nextEnv }
    nextEnv = {}
    const started = startServiceProcess({ ...options, env })
    current = started
    lives.push(recordLife(service, started, env))
    return { child: started.child, stop: async () => void (await started.stop()) }
  }
  const supervised = await supervise({
    name: service,
    start,
    onMessage: () => {},
    isFirstStartRequired: true,
    signal: new AbortController().signal,
    restartPolicy: RESTART_POLICY,
  })
  const signal = (name: NodeJS.Signals) => {
    if (!current?.child.isRunning()) return
    lives.at(-1)?.signals.push({ name, at: Date.now() })
    process.kill(current.child.pid, name)
  }
  return {
    service,
    url,
    lives,
    get exits() {
      return lives.flatMap(({ exit }) => exit ?? [])
    },
    get pid() {
      return current?.child.pid ?? 0
    },
    signal,
    suspend: async () => {
      resumed = Promise.withResolvers()
      signal('SIGCONT')
      signal('SIGKILL')
      await current?.child.exited
    },
    resume: (env = {}) => {
      nextEnv = env
      resumed.resolve()
    },
    waitUntilReady: () => waitUntilServiceReady(service, async () => url),
    waitUntilAlive: () => waitUntilServiceReady(service, async () => url, '/healthz'),
    waitForExit: async () => (await current?.child.exited) ?? '',
    restart: async (env = {}, until = 'ready') => {
      nextEnv = env
      const before = current
      signal('SIGTERM')
      await before?.child.exited
      const locate = async () => (current === before ? undefined : url)
      await waitUntilServiceReady(service, locate, until === 'ready' ? '/readyz' : '/healthz')
    },
    readMetric: name => readMetric(url, name),
    [Symbol.asyncDispose]: async () => {
      resumed.resolve()
      signal('SIGCONT')
      await supervised.stop()
    },
  }
}

function recordLife(service: string, { child }: ServiceProcess, env: Record<string, string>): ProcessLife {
  const { FAKE_PROVIDER_URL, FAIL_AT } = env
  const life: ProcessLife = {
    service,
    providerHost: service === 'processor' && FAKE_PROVIDER_URL ? new URL(FAKE_PROVIDER_URL).host : undefined,
    pid: child.pid,
    startedAt: Date.now(),
    signals: [],
    failpoint: FAIL_AT,
    endedAt: null,
    exit: null,
  }
  void child.exited.then(exit => Object.assign(life, { exit, endedAt: Date.now() }))
  return life
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = (await (await fetchIfReachable(`${url}/metrics`))?.text()) ?? ''
  const line = new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)`)
  return text.split('\n').reduce((sum, row) => sum + Number(line.exec(row)?.[2] ?? 0), 0)
}
