import type { Service } from '@darkroom/contracts/routes'
import { supervise } from '../../local/launch/supervisor.ts'
import { type ChildProcess, startChildProcess } from '../../local/process/child-process.ts'
import type { ProcessOutput } from '../../local/process/process-output.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { findServiceMain } from './service-main.ts'

/** A service's process, to be struck. It starts again whenever it ends, unless it is held. */
export interface FaultService extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** How each of its lives has ended: `SIGKILL`, `exit 0`. */
  readonly exits: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Waits until it says that it is ready. */
  waitUntilReady(): Promise<void>
  /** Resolves when a life has ended that had not when this was called. */
  waitForExit(): Promise<string>
  /** Ends this life in order and begins another with these settings, which no later life has. Resolves when it is ready. */
  restart(env?: Record<string, string>): Promise<void>
  /** A measurement of this life, summed over its labels; 0 if there is none of that name. */
  readMetric(name: string): Promise<number>
}

export interface FaultServiceOptions {
  service: Service
  port: number
  env: Record<string, string>
  output: ProcessOutput
}

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000
const REQUEST_TIMEOUT_MS = 2_000
/** It is the tests that kill it: however often that is, it comes back. */
const RESTART_POLICY = { initialDelayMs: 50, maxDelayMs: 50, maxExits: Number.POSITIVE_INFINITY, windowMs: 1 }
const neverAborted = new AbortController().signal

/** Starts a service by its own file. It is not ready yet. */
export async function startService(options: FaultServiceOptions): Promise<FaultService> {
  const { service, port, output } = options
  const command = [process.execPath, findServiceMain(service)]
  const url = `http://127.0.0.1:${port}`
  const exits: string[] = []
  let nextEnv: Record<string, string> = {}
  let child: ChildProcess | undefined
  const start = async () => {
    const started = startChildProcess({ command, env: { ...options.env, ...nextEnv }, output, stopSignal: 'SIGTERM' })
    nextEnv = {}
    child = started
    void started.exited.then(how => exits.push(how))
    return { child: started, stop: () => started.stop(STOP_TIMEOUT_MS) }
  }
  const supervised = await supervise({
    name: service,
    start,
    onMessage: () => {},
    onFatal: () => {},
    signal: neverAborted,
    restartPolicy: RESTART_POLICY,
  })
  const signal = (name: NodeJS.Signals) => void (child?.isRunning() && process.kill(child.pid, name))
  const waitUntilReady = () => pollReadyz(service, url)
  return {
    url,
    exits,
    get pid() {
      return child?.pid ?? 0
    },
    signal,
    waitUntilReady,
    waitForExit: async () => (await child?.exited) ?? '',
    restart: async env => {
      nextEnv = env ?? {}
      const before = child
      signal('SIGTERM')
      await before?.exited
      await waitUntil(async () => (child === before ? undefined : true), readinessWait(service))
      await waitUntilReady()
    },
    readMetric: name => readMetric(url, name),
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT')
      await supervised.stop()
    },
  }
}

async function pollReadyz(service: Service, url: string): Promise<void> {
  const isReady = async () => ((await fetchIfReachable(`${url}/readyz`))?.ok ? true : undefined)
  await waitUntil(isReady, readinessWait(service))
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = (await (await fetchIfReachable(`${url}/metrics`))?.text()) ?? ''
  const line = new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)`)
  return text.split('\n').reduce((sum, row) => sum + Number(line.exec(row)?.[2] ?? 0), 0)
}

async function fetchIfReachable(url: string): Promise<Response | undefined> {
  return await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch(() => undefined)
}

function readinessWait(service: Service) {
  return { what: `${service}'s readiness`, milliseconds: READY_TIMEOUT_MS, signal: neverAborted }
}
