import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type ChildProcess, startChildProcess } from '../process/child-process.ts'
import type { ProcessOutput } from '../process/process-output.ts'
import type { Progress } from './progress.ts'
import { watchReadiness } from './service-readiness.ts'
import { reportPaidCalls } from './stop-progress.ts'
import { type RunningProcess, type Stoppable, supervise } from './supervisor.ts'

/** Command that starts a service. */
export interface ServiceCommand {
  name: Service
  command: readonly string[]
}

export interface ServicesOptions {
  commands: readonly ServiceCommand[]
  /** Base URL of each service. */
  urls: Record<Service, string>
  /** Builds the environment of a service. */
  envFor: (name: Service) => Record<string, string>
  outputFor: (name: Service) => ProcessOutput
  /** Public Host of the studio. */
  host: string
  /** Time that each service may take to stop, in milliseconds, before it is killed. */
  stopMs: Record<Service, number>
  /** Aborted when the user does not wait for that. */
  forceSignal: AbortSignal
  progress: Progress
  /** Called with each started process. */
  onStarted: (name: Service, child: ChildProcess) => void
  signal: AbortSignal
}

/** A service under supervision, from its first start on. */
export interface SupervisedService extends Stoppable {
  name: Service
  /** Whether a process of it has been ready. */
  wasReady(): boolean
  /** Resolves when a process of it is ready for the first time. */
  ready: Promise<void>
  /** Resolves when a process of it has exited. */
  exited: Promise<void>
}

/** Time after which a processor that was stopped a second time is killed, in milliseconds: it gives up its calls by then. */
const GIVE_UP_MS = 5_000

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
    // The launcher has read `.env`, and gives each service its own settings of it.
    return {
      name,
      command: [process.execPath, '--no-env-file', ...flags, join(root, 'services', name, folder, 'main.ts')],
    }
  })
}

/** Starts the services under supervision, each by itself. They are not ready yet. */
export async function startServices(options: ServicesOptions): Promise<SupervisedService[]> {
  return await Promise.all(options.commands.map(service => superviseService(service, options)))
}

async function superviseService(
  { name, command }: ServiceCommand,
  options: ServicesOptions,
): Promise<SupervisedService> {
  const { envFor, outputFor, onStarted, signal, progress } = options
  const ready = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<void>()
  let wasReady = false
  const step = progress.startStep(name)
  const onReady = () => {
    if (!wasReady) step.markReady()
    wasReady = true
    ready.resolve()
  }
  const start = async (): Promise<RunningProcess> => {
    // Query answers at the studio's address, and is told when.
    const process = { command, env: envFor(name), output: outputFor(name), hasChannel: name === 'query' }
    const child = startChildProcess({ ...process, stopSignal: 'SIGTERM' })
    onStarted(name, child)
    void child.exited.then(() => exited.resolve())
    const isReady = watchReadiness({ name, url: options.urls[name], host: options.host, child, onReady, progress })
    return { child, waitUntilReady: () => isReady, stop: () => stopService(name, child, options) }
  }
  const onMessage = (line: string) => progress.line(`  ${line}`)
  const { stop } = await supervise({ name, start, onMessage, signal, isFirstStartRequired: false })
  return { name, stop, wasReady: () => wasReady, ready: ready.promise, exited: exited.promise }
}

/** Stops a service. A processor has time for the calls that are paid, and says what it waits for. */
async function stopService(name: Service, child: ChildProcess, options: ServicesOptions): Promise<void> {
  const { urls, host, forceSignal: signal, progress } = options
  const isWorker = name === 'processor'
  const stopped = child.stop(options.stopMs[name], { signal, ...(isWorker ? { graceMs: GIVE_UP_MS } : {}) })
  if (isWorker && child.isRunning()) {
    const onMessage = (line: string) => progress.line(`  ${line}`)
    await reportPaidCalls({ url: urls.processor, host, child, forceSignal: signal, onMessage })
  }
  await stopped
}
