import type { Service } from '@darkroom/contracts/routes'
import { supervise } from '../../local/launch/supervisor.ts'
import { type Child, startChild } from '../../local/process/child-process.ts'
import type { Output } from '../../local/process/process-output.ts'
import { until } from '../../local/process/wait-until.ts'
import { serviceMain } from './service-main.ts'

/** A service's process, to be struck. It starts again whenever it ends, unless it is held. */
export interface FaultService extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** How each of its lives has ended: `SIGKILL`, `exit 0`. */
  readonly deaths: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Waits until it says that it is ready. */
  ready(): Promise<void>
  /** Resolves when a life has ended that had not when this was called. */
  died(): Promise<string>
  /** Ends this life in order and begins another with these settings, which no later life has. Resolves when it is ready. */
  restart(env?: Record<string, string>): Promise<void>
  /** A measurement of this life, summed over its labels; 0 if there is none of that name. */
  metric(name: string): Promise<number>
}

export interface FaultServiceOptions {
  service: Service
  port: number
  env: Record<string, string>
  output: Output
}

const READY_MS = 60_000
const STOP_MS = 20_000
const ASK_MS = 2_000
/** It is the tests that kill it: however often that is, it comes back. */
const PATIENCE = { firstPause: 50, longestPause: 50, deaths: Number.POSITIVE_INFINITY, window: 1 }
const forever = new AbortController().signal

/** Starts a service by its own file. It is not ready yet. */
export async function startService(options: FaultServiceOptions): Promise<FaultService> {
  const { service, port, output } = options
  const command = [process.execPath, serviceMain(service)]
  const url = `http://127.0.0.1:${port}`
  const deaths: string[] = []
  let once: Record<string, string> = {}
  let child: Child | undefined
  const start = async () => {
    const born = startChild({ command, env: { ...options.env, ...once }, output, stopSignal: 'SIGTERM' })
    once = {}
    child = born
    void born.exited.then(how => deaths.push(how))
    return { child: born, stop: () => born.stop(STOP_MS) }
  }
  const supervised = await supervise({
    name: service,
    start,
    say: () => {},
    giveUp: () => {},
    signal: forever,
    patience: PATIENCE,
  })
  const signal = (name: NodeJS.Signals) => void (child?.running() && process.kill(child.pid, name))
  const ready = () => answersReady(service, url)
  return {
    url,
    deaths,
    get pid() {
      return child?.pid ?? 0
    },
    signal,
    ready,
    died: async () => (await child?.exited) ?? '',
    restart: async env => {
      once = env ?? {}
      const before = child
      signal('SIGTERM')
      await before?.exited
      await until(async () => (child === before ? undefined : true), waiting(service))
      await ready()
    },
    metric: name => readMetric(url, name),
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT')
      await supervised.stop()
    },
  }
}

async function answersReady(service: Service, url: string): Promise<void> {
  const ask = async () => ((await get(`${url}/readyz`))?.ok ? true : undefined)
  await until(ask, waiting(service))
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = (await (await get(`${url}/metrics`))?.text()) ?? ''
  const line = new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)`)
  return text.split('\n').reduce((sum, row) => sum + Number(line.exec(row)?.[2] ?? 0), 0)
}

async function get(url: string): Promise<Response | undefined> {
  return await fetch(url, { signal: AbortSignal.timeout(ASK_MS) }).catch(() => undefined)
}

function waiting(service: Service) {
  return { what: `${service}'s readiness`, milliseconds: READY_MS, signal: forever }
}
