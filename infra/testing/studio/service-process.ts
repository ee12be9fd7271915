import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import { type ChildProcess, startChildProcess } from '../../local/process/child-process.ts'
import type { ProcessOutput } from '../../local/process/process-output.ts'
import { waitFor } from '../wait-for.ts'

/** A process of a service. Disposing of it kills it. */
export interface ServiceProcess extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  /** Waits until the service is ready. @throws Error when it ends first */
  waitUntilReady(): Promise<void>
  /** Stops it in order. @returns what ended it: `exit 0`, `SIGKILL` */
  stop(): Promise<string>
}

/** A host that services run on. */
export interface ServiceHost {
  /** Address at which it is reached. */
  readonly address: string
  /** Words before a command that make it run there. */
  readonly commandPrefix: readonly string[]
}

export interface ServiceProcessOptions {
  service: Service
  port: number
  env: Record<string, string>
  output: ProcessOutput
  /** Host that it runs on; this one unless given. */
  host?: ServiceHost
  /** Runs the processor of production, without the fake provider. */
  isProduction?: boolean
}

const SERVICES = join(import.meta.dirname, '..', '..', '..', 'services')
const THIS_HOST: ServiceHost = { address: '127.0.0.1', commandPrefix: [] }
const READY_TIMEOUT_MS = 60_000
/** A processor waits for calls that answer with the output itself, up to their deadline. */
const STOP_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 2_000

/** Returns the file that runs a service; of the processor the one with the fake provider, unless production is wanted. */
export function findServiceMain(service: Service, { isProduction = false } = {}): string {
  return join(SERVICES, service, service === 'processor' && !isProduction ? 'testing' : 'src', 'main.ts')
}

/** Starts a service on a port. It is not ready yet. */
export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { service, port, env, output, host = THIS_HOST, isProduction = false } = options
  const origin = `${host.address}:${port}`
  const child = startChildProcess({
    command: [...host.commandPrefix, process.execPath, findServiceMain(service, { isProduction })],
    env: {
      DARKROOM_PARENT_PID: String(process.pid),
      OPERATOR_HOSTS: origin,
      ...env,
      [`${service.toUpperCase()}_PORT`]: String(port),
    },
    output,
    stopSignal: 'SIGTERM',
  })
  const url = `http://${origin}`
  return {
    url,
    child,
    waitUntilReady: () =>
      waitUntilServiceReady(service, async () => {
        if (!child.isRunning()) throw new Error(`${service} ended while it started (${await child.exited})`)
        return url
      }),
    stop: async () => {
      await child.stop(STOP_TIMEOUT_MS)
      return await child.exited
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await child.exited
    },
  }
}

/**
 * Waits until a service reports that it is ready.
 *
 * @param locate gives its address, or undefined while it has none; an error of it ends the wait
 * @param path of the report: `/healthz` is answered also without the store, the database and the bus
 */
export async function waitUntilServiceReady(
  service: Service,
  locate: () => Promise<string | undefined>,
  path: '/readyz' | '/healthz' = '/readyz',
): Promise<void> {
  const poll = async () => {
    const url = await locate()
    return url !== undefined && (await fetchIfReachable(url + path))?.ok
  }
  await waitFor(`${service}'s readiness`, READY_TIMEOUT_MS, poll)
}

/** Returns a response within two seconds, or undefined if there is none. */
export async function fetchIfReachable(url: string): Promise<Response | undefined> {
  return await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch(() => undefined)
}
