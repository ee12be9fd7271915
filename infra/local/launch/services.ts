import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type Child, startChild } from '../process/child-process.ts'
import type { Output } from '../process/process-output.ts'
import { PartError } from '../process/server-process.ts'
import { until } from '../process/wait-until.ts'
import type { Progress } from './progress.ts'
import { type Supervised, supervise } from './supervisor.ts'

/** What starts a service. */
export interface ServiceCommand {
  name: Service
  command: readonly string[]
}

export interface ServicesOptions {
  commands: readonly ServiceCommand[]
  /** The port of each, by its name. */
  ports: Record<Service, number>
  /** The environment of each. */
  env: Record<string, string>
  /** Where each writes. */
  output: (name: Service) => Output
  /** The Host that people use: the services refuse any other. */
  host: string
  /** How long one may take to stop, in milliseconds. */
  stopMs: number
  /** Aborted when nobody wants to wait for that. */
  hurry: AbortSignal
  progress: Progress
  /** Told of each process that was started. */
  started: (name: Service, child: Child) => void
  giveUp: (error: PartError) => void
  signal: AbortSignal
}

const READY_MS = 60_000
const ASK_MS = 2_000

/**
 * Returns the commands of a clone's three services.
 *
 * @param options `watch` starts each again when its code changes; `withFake`: the processor is the one that knows the fake provider
 */
export function serviceCommands(root: string, options: { watch: boolean; withFake: boolean }): ServiceCommand[] {
  const flags = options.watch ? ['--watch'] : []
  return SERVICES.map(name => {
    const folder = name === 'processor' && options.withFake ? 'testing' : 'src'
    return { name, command: [process.execPath, ...flags, join(root, 'services', name, folder, 'main.ts')] }
  })
}

/**
 * Starts the services and keeps them running. They are not ready yet.
 *
 * @returns stops them all, side by side
 */
export async function startServices(options: ServicesOptions): Promise<Supervised> {
  const supervised = await Promise.all(options.commands.map(service => superviseService(service, options)))
  return {
    stop: async () => {
      await Promise.all(supervised.map(service => service.stop()))
    },
  }
}

/** Waits until every service says that it is ready and there is a model to work with. */
export async function servicesReady(options: ServicesOptions): Promise<void> {
  await Promise.all(options.commands.map(({ name }) => serviceReady(name, options)))
  const wait = { what: 'The list of models', milliseconds: READY_MS, signal: options.signal }
  await until(signal => hasModels(options, signal), wait)
}

function superviseService({ name, command }: ServiceCommand, options: ServicesOptions): Promise<Supervised> {
  const { env, output, started, giveUp, signal, progress, stopMs, hurry } = options
  const start = async () => {
    const child = startChild({ command, env, output: output(name), stopSignal: 'SIGTERM' })
    started(name, child)
    return { child, stop: () => child.stop(stopMs, hurry) }
  }
  return supervise({ name, start, say: line => progress.line(`  ${line}`), giveUp, signal })
}

async function serviceReady(name: Service, { ports, progress, signal, host }: ServicesOptions): Promise<void> {
  const step = progress.part(name)
  let reason = 'it does not answer'
  const ask = async (ended: AbortSignal) => {
    const answer = await get(`http://127.0.0.1:${ports[name]}/readyz`, host, ended)
    if (answer?.ok) return true
    if (answer) reason = (await answer.text()).slice(0, 300)
    return undefined
  }
  await until(ask, { what: `${name}'s readiness`, milliseconds: READY_MS, signal }).catch(error => {
    signal.throwIfAborted()
    throw new PartError(`${name} is not ready after ${READY_MS / 1_000} s: ${reason}`, { cause: error })
  })
  step.ready()
}

async function hasModels({ ports, host }: ServicesOptions, signal: AbortSignal): Promise<true | undefined> {
  const answer = await get(`http://127.0.0.1:${ports.query}/api/models`, host, signal)
  const models: unknown = answer?.ok ? await answer.json() : []
  return Array.isArray(models) && models.length > 0 ? true : undefined
}

async function get(url: string, host: string, signal: AbortSignal): Promise<Response | undefined> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)])
  return await fetch(url, { headers: { host }, signal: within }).catch(() => undefined)
}
