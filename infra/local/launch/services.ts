import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type ChildProcess, startChildProcess } from '../process/child-process.ts'
import type { ProcessOutput } from '../process/process-output.ts'
import { StartError } from '../process/server-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import type { Progress } from './progress.ts'
import { type Stoppable, supervise } from './supervisor.ts'

/** Command that starts a service. */
export interface ServiceCommand {
  name: Service
  command: readonly string[]
}

export interface ServicesOptions {
  commands: readonly ServiceCommand[]
  ports: Record<Service, number>
  /** Environment of every service. */
  env: Record<string, string>
  outputFor: (name: Service) => ProcessOutput
  /** Public Host of the studio: the services refuse any other. */
  host: string
  /** Time that a service may take to stop, in milliseconds, before it is killed. */
  stopMs: number
  /** Aborted when the user does not wait for that. */
  forceSignal: AbortSignal
  progress: Progress
  /** Called with each started process. */
  onStarted: (name: Service, child: ChildProcess) => void
  onFatal: (error: StartError) => void
  signal: AbortSignal
}

const READY_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 2_000

/**
 * Returns the commands of a clone's three services.
 *
 * @param options `watch` restarts a service when its code changes; `withFakeProvider` takes the processor with the fake provider
 */
export function createServiceCommands(
  root: string,
  options: { watch: boolean; withFakeProvider: boolean },
): ServiceCommand[] {
  const flags = options.watch ? ['--watch'] : []
  return SERVICES.map(name => {
    const folder = name === 'processor' && options.withFakeProvider ? 'testing' : 'src'
    return { name, command: [process.execPath, ...flags, join(root, 'services', name, folder, 'main.ts')] }
  })
}

/**
 * Starts the services under supervision. They are not ready yet.
 *
 * @returns their common stop, which stops them concurrently
 */
export async function startServices(options: ServicesOptions): Promise<Stoppable> {
  const supervised = await Promise.all(options.commands.map(service => superviseService(service, options)))
  return {
    stop: async () => {
      await Promise.all(supervised.map(service => service.stop()))
    },
  }
}

/** Waits until every service is ready and at least one model is listed. @throws StartError if a service is not ready in time */
export async function waitUntilServicesReady(options: ServicesOptions): Promise<void> {
  await Promise.all(options.commands.map(({ name }) => waitUntilServiceReady(name, options)))
  const wait = { what: 'The list of models', milliseconds: READY_TIMEOUT_MS, signal: options.signal }
  await waitUntil(signal => hasModels(options, signal), wait)
}

function superviseService({ name, command }: ServiceCommand, options: ServicesOptions): Promise<Stoppable> {
  const { env, outputFor, onStarted, onFatal, signal, progress, stopMs, forceSignal } = options
  const start = async () => {
    const child = startChildProcess({ command, env, output: outputFor(name), stopSignal: 'SIGTERM' })
    onStarted(name, child)
    return { child, stop: () => child.stop(stopMs, forceSignal) }
  }
  return supervise({ name, start, onMessage: line => progress.line(`  ${line}`), onFatal, signal })
}

async function waitUntilServiceReady(name: Service, { ports, progress, signal, host }: ServicesOptions): Promise<void> {
  const step = progress.startStep(name)
  let reason = 'it does not answer'
  const poll = async (pollSignal: AbortSignal) => {
    const response = await tryFetch(`http://127.0.0.1:${ports[name]}/readyz`, host, pollSignal)
    if (response?.ok) return true
    if (response) reason = (await response.text()).slice(0, 300)
    return undefined
  }
  await waitUntil(poll, { what: `${name}'s readiness`, milliseconds: READY_TIMEOUT_MS, signal }).catch(error => {
    signal.throwIfAborted()
    throw new StartError(`${name} is not ready after ${READY_TIMEOUT_MS / 1_000} s: ${reason}`, { cause: error })
  })
  step.markReady()
}

async function hasModels({ ports, host }: ServicesOptions, signal: AbortSignal): Promise<true | undefined> {
  const response = await tryFetch(`http://127.0.0.1:${ports.query}/api/models`, host, signal)
  const models: unknown = response?.ok ? await response.json() : []
  return Array.isArray(models) && models.length > 0 ? true : undefined
}

async function tryFetch(url: string, host: string, signal: AbortSignal): Promise<Response | undefined> {
  const requestSignal = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)])
  return await fetch(url, { headers: { host }, signal: requestSignal }).catch(() => undefined)
}
