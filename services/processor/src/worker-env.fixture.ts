import { afterAll, afterEach, beforeAll, beforeEach } from 'bun:test'
import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { jobSubject } from '@darkroom/contracts/subjects'
import { type Bus, openBus } from '@darkroom/infra/bus/bus'
import type { BusOptions } from '@darkroom/infra/bus/connection'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDatabase, createTestDirectory, startTestNats } from '@darkroom/infra/testing/test-resources'
import { createFakeAdapter } from '../testing/fake-adapter.ts'
import { createCallsInFlight } from './answers/calls-in-flight.ts'
import { type Journal, openJournal } from './answers/journal.ts'
import { recoverAnswers } from './answers/recover-answers.ts'
import { createLivePreviews } from './live-previews/live-previews.ts'
import { createProcessorMetrics } from './metrics.ts'
import { openSpool, type Spool } from './outputs/spool.ts'
import type { Adapter } from './providers/adapter.ts'
import { publishFixedModels } from './providers/models.fixture.ts'
import { createActiveJobs } from './queue/active-jobs.ts'
import { insertQueuedGeneration, type QueuedOptions } from './queue/queued.fixture.ts'
import { runRecoveredJob, runWorker } from './worker.ts'

export interface WorkerOptions {
  uploadConcurrency?: number
  slots?: number
  adapters?: Adapter[]
  leaseSeconds?: number
  maxSubmits?: number
  /** Free space that the worker finds, in bytes. */
  freeBytes?: number
  /** The journal of another host. */
  journal?: Journal
  /** The environment's store unless given. */
  store?: Store
}

export type WorkerEnv = Awaited<ReturnType<typeof openWorkerEnv>>

/** The parts that all workers of an environment share. */
interface WorkerServices {
  database: Database
  bus: Bus
  store: Store
  images: ImageDecoder
  spool: Spool
  journal: Journal
  fake: FakeProviderServer
  workspaceId: string
}

const log = createLog({ service: 'test', level: 'silent' })
const WAIT_TIMEOUT_MS = 60_000
const RECOVER_INTERVAL_MS = 200

/** Opens an environment for the tests of a file, resets its fake and its breakers before each, and stops the workers after each. */
export function useWorkerEnv(onOpen: (env: WorkerEnv) => void): void {
  let env: WorkerEnv
  beforeAll(async () => {
    env = await openWorkerEnv()
    onOpen(env)
  })
  afterAll(() => env[Symbol.asyncDispose]())
  beforeEach(async () => {
    env.fake.reset()
    await env.database`delete from provider_lanes`
  })
  afterEach(() => env.stopWorkers())
}

/** Opens a database, a bus, a store and the fake provider for tests of whole jobs, with any number of workers. */
export async function openWorkerEnv(options: { bus?: Pick<BusOptions, 'url' | 'replicas'> } = {}) {
  await using stack = new AsyncDisposableStack()
  const services = await openServices(stack, options.bus)
  const { database, bus, store, fake, workspaceId } = services
  const { startWorker, stopWorkers } = createWorkerStarter(services)
  stack.defer(stopWorkers)
  const disposables = stack.move()
  return {
    database,
    bus,
    store,
    fake,
    journal: services.journal,
    workspaceId,
    startWorker,
    stopWorkers,
    ...createJobActions(services),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function openServices(
  stack: AsyncDisposableStack,
  access: Pick<BusOptions, 'url' | 'replicas'> | undefined,
): Promise<WorkerServices> {
  const { url } = stack.use(await createTestDatabase())
  const busAccess = access ?? { url: stack.use(await startTestNats()).url }
  const directory = stack.use(await createTestDirectory())
  const fake = stack.use(await startFakeProvider())
  const database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  const bus = await openBus({ ...busAccess, name: 'test', log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  const store = await openStore({ DATA_DIR: directory.path })
  const spool = await openSpool({ directory: join(directory.path, 'spool') })
  const journal = await openJournal({ directory: join(directory.path, 'journal'), log })
  const images = stack.use(openTestDecoder())
  return { database, bus, store, images, spool, journal, fake, workspaceId: crypto.randomUUID() }
}

function createWorkerStarter(services: WorkerServices) {
  let workers: { stop(): Promise<void> }[] = []
  const startWorker = async (options: WorkerOptions = {}) => {
    const worker = await startOneWorker(services, options)
    workers.push(worker)
    return worker
  }
  const stopWorkers = async () => {
    await Promise.all(workers.map(worker => worker.stop()))
    workers = []
  }
  return { startWorker, stopWorkers }
}

async function startOneWorker(services: WorkerServices, options: WorkerOptions) {
  const { database, bus, images, spool, fake } = services
  const { store, journal } = { ...services, ...options }
  const adapters = options.adapters ?? [createFakeAdapter({ url: fake.url })]
  const [stopping, drainController] = [new AbortController(), new AbortController()]
  const metrics = createProcessorMetrics(createMetrics('test'))
  const connections = await publishFixedModels(database, adapters, options.slots ?? 2)
  const deps = { database, bus, log, activeJobs: createActiveJobs(), metrics, connections, stopping: stopping.signal }
  const callsInFlight = createCallsInFlight()
  const livePreviews = createLivePreviews({ bus, images, metrics, signal: stopping.signal })
  const workerDeps = {
    ...deps,
    store,
    images,
    journal,
    callsInFlight,
    livePreviews,
    getFreeBytes: async () => options.freeBytes ?? Number.MAX_SAFE_INTEGER,
    allowOrigins: [fake.url],
    budget: createByteBudget(64_000_000),
    spool,
    uploadConcurrency: options.uploadConcurrency ?? 3,
    leaseSeconds: options.leaseSeconds ?? 30,
    maxSeconds: 60,
    maxSubmits: options.maxSubmits ?? 1,
    maxFailures: 5,
    drainSignal: drainController.signal,
    drainGraceMs: 500,
  }
  const runJob = (adapter: Adapter, id: string) => runRecoveredJob(workerDeps, adapter, id)
  const recovering = recoverAnswers({ ...workerDeps, runJob, intervalMs: RECOVER_INTERVAL_MS })
  const workers = Promise.all([runWorker(workerDeps), recovering])
  const stop = async () => {
    stopping.abort(new Error('stopping'))
    drainController.abort(new Error('stopping'))
    await workers
    await callsInFlight.settled()
  }
  return { stop, deps: { ...deps, livePreviews, callsInFlight }, metrics, callsInFlight }
}

/** Creates the actions of a test: to queue generations, to wait for them and to read them. */
function createJobActions({ database, bus, workspaceId }: WorkerServices) {
  const publishJob = async (id: string, connection = 'fake') => {
    await bus.publish(jobSubject(connection), { v: 1, type: 'generation.queued', id }, crypto.randomUUID())
  }
  const queue = async (queued: QueuedOptions) => {
    const id = await insertQueuedGeneration(database, { ...queued, workspaceId })
    await publishJob(id, queued.provider)
    return id
  }
  const read = async (id: string) =>
    Generation.parse(JSON.parse((await readGeneration(database, { id, workspaceId })) ?? 'null'))
  const waitUntil = async (id: string, matches: (generation: Generation) => boolean) => {
    const deadline = AbortSignal.timeout(WAIT_TIMEOUT_MS)
    for (;;) {
      const generation = await read(id)
      if (matches(generation)) return generation
      deadline.throwIfAborted()
      await Bun.sleep(20)
    }
  }
  const waitUntilEnded = (id: string) => waitUntil(id, ({ status }) => isTerminal(status))
  const queueAndWait = async (queued: QueuedOptions) => await waitUntilEnded(await queue(queued))
  const readTransitions = async (id: string) => {
    const rows = await database<{ transition: string }[]>`
      select from_status || '→' || to_status as transition from generation_events where generation_id = ${id} order by id`
    return rows.map(({ transition }) => transition)
  }
  return { publishJob, queue, read, waitUntil, waitUntilEnded, queueAndWait, readTransitions }
}
