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
import { testDatabase, testDirectory, testNats } from '@darkroom/infra/testing/test-resources'
import { createFakeProvider } from '../testing/fake-provider.ts'
import { createMeasures } from './metrics.ts'
import { openSpool } from './outputs/spool.ts'
import { publishModels } from './providers/model-catalogue.ts'
import type { Provider } from './providers/provider.ts'
import { createHeld } from './queue/active-jobs.ts'
import { insertQueued, type Queued } from './queue/queued.fixture.ts'
import { work } from './worker.ts'

export interface WorkerOptions {
  uploadConcurrency?: number
  slots?: number
  providers?: Provider[]
  leaseSeconds?: number
  maxSubmits?: number
}

export type WorkRoom = Awaited<ReturnType<typeof openWorkRoom>>

const log = createLog({ service: 'test', level: 'silent' })
const UNTIL_MS = 20_000

/** A database, a bus, a store and the fake provider for tests of the whole work, with any number of workers on them. */
export async function openWorkRoom() {
  await using undo = new AsyncDisposableStack()
  const { url } = undo.use(await testDatabase())
  const nats = undo.use(await testNats())
  const directory = undo.use(await testDirectory())
  const fake = undo.use(await startFakeProvider())
  const database = openDatabase({ url, name: 'test', log })
  undo.defer(() => database.end({ timeout: 1 }))
  const bus = await openBus({ url: nats.url, name: 'test', log })
  undo.defer(() => bus.close())
  await bus.ensureStreams()
  const store = await openStore({ DATA_DIR: directory.path })
  const spool = await openSpool({ directory: join(directory.path, 'spool') })
  const workspaceId = crypto.randomUUID()
  const owned = undo.move()
  let workers: { stop(): Promise<void> }[] = []

  const startWorker = async (options: WorkerOptions = {}) => {
    const providers = options.providers ?? [createFakeProvider({ url: fake.url })]
    const [stopping, giveBack] = [new AbortController(), new AbortController()]
    const measures = createMeasures(createMetrics('test'))
    const watching = { database, bus, log, held: createHeld(), measures, providers, stopping: stopping.signal }
    const catalogue = await publishModels({ database, providers, signal: stopping.signal })
    const working = work({
      ...watching,
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
      giveBack: giveBack.signal,
    })
    const stop = async () => {
      stopping.abort(new Error('stopping'))
      giveBack.abort(new Error('stopping'))
      await working
    }
    workers.push({ stop })
    return { stop, watching, measures }
  }
  const stopWorkers = async () => {
    await Promise.all(workers.map(worker => worker.stop()))
    workers = []
  }
  const announce = async (id: string, provider = 'fake') => {
    await bus.publish(jobSubject(provider), { v: 1, type: 'generation.queued', id }, crypto.randomUUID())
  }
  const queue = async (queued: Queued) => {
    const id = await insertQueued(database, { ...queued, workspaceId })
    await announce(id, queued.provider)
    return id
  }
  const read = async (id: string) =>
    Generation.parse(JSON.parse((await readGeneration(database, { id, workspaceId })) ?? 'null'))
  const until = async (id: string, matches: (generation: Generation) => boolean) => {
    const deadline = AbortSignal.timeout(UNTIL_MS)
    for (;;) {
      const generation = await read(id)
      if (matches(generation)) return generation
      deadline.throwIfAborted()
      await Bun.sleep(20)
    }
  }
  const ended = (id: string) => until(id, ({ status }) => ['completed', 'failed', 'cancelled'].includes(status))
  const made = async (queued: Queued) => await ended(await queue(queued))
  const history = async (id: string) => {
    const rows = await database<{ move: string }[]>`
      select from_status || '→' || to_status as move from generation_events where generation_id = ${id} order by id`
    return rows.map(({ move }) => move)
  }
  const close = async () => {
    await stopWorkers()
    await owned.disposeAsync()
  }
  const room = { database, bus, store, fake, nats, workspaceId, startWorker, stopWorkers }
  return { ...room, announce, queue, read, until, ended, made, history, [Symbol.asyncDispose]: close }
}
