import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import { jobSubject } from '@darkroom/contracts/subjects'
import { openBus } from '@darkroom/infra/bus/bus'
import { openDatabase } from '@darkroom/infra/database/connection'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openStore } from '@darkroom/infra/store/open-store'
import { startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { createTestDatabase, createTestDirectory, startTestNats } from '@darkroom/infra/testing/test-resources'
import { createFakeProvider } from '../testing/fake-provider.ts'
import { createProcessorMetrics } from './metrics.ts'
import { openSpool } from './outputs/spool.ts'
import { publishModels } from './providers/model-catalogue.ts'
import type { Provider } from './providers/provider.ts'
import { createActiveJobs } from './queue/active-jobs.ts'
import { insertQueuedGeneration, type QueuedOptions } from './queue/queued.fixture.ts'
import { runWorker } from './worker.ts'

export interface WorkerOptions {
  uploadConcurrency?: number
  slots?: number
  providers?: Provider[]
  leaseSeconds?: number
  maxSubmits?: number
}

export type WorkerEnv = Awaited<ReturnType<typeof openWorkerEnv>>

const log = createLog({ service: 'test', level: 'silent' })
const WAIT_TIMEOUT_MS = 20_000

/** A database, a bus, a store and the fake provider for tests of the whole work, with any number of workers on them. */
export async function openWorkerEnv() {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase())
  const nats = stack.use(await startTestNats())
  const directory = stack.use(await createTestDirectory())
  const fake = stack.use(await startFakeProvider())
  const database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  const bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  const store = await openStore({ DATA_DIR: directory.path })
  const spool = await openSpool({ directory: join(directory.path, 'spool') })
  const workspaceId = crypto.randomUUID()
  const disposables = stack.move()
  let workers: { stop(): Promise<void> }[] = []

  const startWorker = async (options: WorkerOptions = {}) => {
    const providers = options.providers ?? [createFakeProvider({ url: fake.url })]
    const [stopping, drainController] = [new AbortController(), new AbortController()]
    const metrics = createProcessorMetrics(createMetrics('test'))
    const deps = {
      database,
      bus,
      log,
      activeJobs: createActiveJobs(),
      metrics,
      providers,
      stopping: stopping.signal,
    }
    const catalogue = await publishModels({ database, providers, signal: stopping.signal })
    const worker = runWorker({
      ...deps,
      store,
      catalogue,
      allowOrigins: [fake.url],
      budget: createByteBudget(64_000_000),
      spool,
      slots: options.slots ?? 2,
      uploadConcurrency: options.uploadConcurrency ?? 3,
      leaseSeconds: options.leaseSeconds ?? 5,
      maxSeconds: 60,
      maxSubmits: options.maxSubmits ?? 1,
      maxFailures: 5,
      drainSignal: drainController.signal,
    })
    const stop = async () => {
      stopping.abort(new Error('stopping'))
      drainController.abort(new Error('stopping'))
      await worker
    }
    workers.push({ stop })
    return { stop, deps, metrics }
  }
  const stopWorkers = async () => {
    await Promise.all(workers.map(worker => worker.stop()))
    workers = []
  }
  const publishJob = async (id: string, provider = 'fake') => {
    await bus.publish(jobSubject(provider), { v: 1, type: 'generation.queued', id }, crypto.randomUUID())
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
  const waitUntilEnded = (id: string) =>
    waitUntil(id, ({ status }) => ['completed', 'failed', 'cancelled'].includes(status))
  const queueAndWait = async (queued: QueuedOptions) => await waitUntilEnded(await queue(queued))
  const readTransitions = async (id: string) => {
    const rows = await database<{ move: string }[]>`
      select from_status || '→' || to_status as move from generation_events where generation_id = ${id} order by id`
    return rows.map(({ move }) => move)
  }
  const close = async () => {
    await stopWorkers()
    await disposables.disposeAsync()
  }
  const env = { database, bus, store, fake, nats, workspaceId, startWorker, stopWorkers }
  return {
    ...env,
    publishJob,
    queue,
    read,
    waitUntil,
    waitUntilEnded,
    queueAndWait,
    readTransitions,
    [Symbol.asyncDispose]: close,
  }
}
