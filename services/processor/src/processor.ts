import { join } from 'node:path'
import { listForeignSubjects } from '@darkroom/infra/bus/permissions'
import { readDecoderEnvironment, type ServiceConfig } from '@darkroom/infra/config'
import { loadEncryptionKey } from '@darkroom/infra/connections/encryption-key'
import { isTransientDbError } from '@darkroom/infra/database/errors'
import { runRelay } from '@darkroom/infra/database/outbox'
import { createUnreachableLog } from '@darkroom/infra/database/unreachable-log'
import { createHttpApp, IDLE_SECONDS } from '@darkroom/infra/http/app'
import { openImageDecoder } from '@darkroom/infra/images/decoder/open-image-decoder'
import { type FrameReader, findFfmpeg, openFrameReader } from '@darkroom/infra/images/video/frame-reader'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { getFreeBytes } from '@darkroom/infra/runtime/disk-space'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { openServiceContext, type ServiceContext } from '@darkroom/infra/runtime/service-context'
import { computeDrainSeconds } from '@darkroom/infra/runtime/stop-time'
import { type CallsInFlight, createCallsInFlight } from './answers/calls-in-flight.ts'
import { openJournal } from './answers/journal.ts'
import { recoverAnswers } from './answers/recover-answers.ts'
import { readEnvironmentConnections } from './connections/environment.ts'
import { openConnectionRegistry } from './connections/registry.ts'
import { createLivePreviews } from './live-previews/live-previews.ts'
import { runGarbageSweeps } from './maintenance/garbage/sweep.ts'
import { runPurge } from './maintenance/purge.ts'
import { reconcile } from './maintenance/reconcile.ts'
import { runRehosts } from './maintenance/rehost.ts'
import { runCostSums } from './maintenance/sum-costs.ts'
import { runTimelineSums } from './maintenance/sum-timeline.ts'
import { createProcessorMetrics } from './metrics.ts'
import { createFirstFrameFinder } from './outputs/first-frame.ts'
import { openSpool } from './outputs/spool.ts'
import type { Adapter } from './providers/adapter.ts'
import { openLocalPackages } from './providers/local/local-packages.ts'
import { openUpscaler, type Upscaler } from './providers/local/upscaler.ts'
import { createActiveJobs } from './queue/active-jobs.ts'
import { followCancelMessages } from './queue/cancel.ts'
import { runRecoveredJob, runWorker } from './worker.ts'

/** Expired leases and retryable errors after which a generation is failed. */
const MAX_FAILURES = 5
const MIB = 1024 * 1024

type ProcessorDeps = Awaited<ReturnType<typeof createDeps>>

/**
 * Runs a processor in this process until it is asked to stop. On stopping, what is started last here is closed first.
 *
 * @param createAdapters creates the adapters of the built-in connections; tests add the fake one
 */
export async function runProcessor(createAdapters: (config: ServiceConfig) => Adapter[]): Promise<void> {
  const context = await openServiceContext('processor', { isBusRequired: true })
  const { config, lifecycle } = context
  // A bus that does not answer is waited for; a stop ends the wait, and the process.
  const waiting = { policy: RETRY_POLICIES.consumer, signal: lifecycle.stopping }
  await retry(() => context.bus.ensureStreams(), waiting)
  const relay = runRelay({ ...context, foreignSubjects: listForeignSubjects('processor'), signal: lifecycle.stopping })
  lifecycle.onClose('relay', () => relay)
  const adapters = createAdapters(config)
  lifecycle.onClose('adapters', () => Promise.all(adapters.map(adapter => adapter.close?.())))
  const deps = await createDeps(context, adapters)
  const loops = [followCancelMessages(deps), reconcile(deps), deps.connections.run()]
  lifecycle.onClose('background_loops', () => Promise.all(loops))
  startMaintenance(context, deps)
  // Closed after the worker: during a drain, health checks are answered that the process is stopping.
  startHttp(context, deps)
  startWorker(context, deps)
}

async function createDeps(context: ServiceContext, adapters: readonly Adapter[]) {
  const { config, database, activity, bus, store, log } = context
  const { stopping } = context.lifecycle
  const waiting = {
    policy: RETRY_POLICIES.databaseStart,
    signal: stopping,
    isRetryable: isTransientDbError,
    onRetry: createUnreachableLog({ url: config.DATABASE_URL, log }),
  }
  const registryOptions = {
    database,
    log,
    activity,
    bus,
    builtIn: adapters,
    environment: readEnvironmentConnections(config),
    encryptionKey: await loadEncryptionKey(config),
    dataDir: config.DATA_DIR,
    upscaler: openContextUpscaler(context),
    slots: config.PROVIDER_CONCURRENCY,
    signal: stopping,
  }
  const [images, metrics] = [openImageDecoder(context), createProcessorMetrics(context.metrics)]
  const journal = await openJournal({ directory: join(config.DATA_DIR, 'journal'), log })
  return {
    database,
    activity,
    bus,
    store,
    images,
    log,
    stopping,
    metrics,
    livePreviews: createLivePreviews({ bus, images, metrics, signal: stopping }),
    activeJobs: createActiveJobs(),
    journal,
    callsInFlight: createCallsInFlight(),
    getFreeBytes: () => getFreeBytes(journal.directory),
    connections: await retry(() => openConnectionRegistry(registryOptions), waiting),
    allowOrigins: config.SAFE_GET_ALLOW,
    budget: createByteBudget(config.UPLOAD_MEMORY_MB * MIB),
    spool: await openSpool({ directory: join(config.DATA_DIR, 'spool'), hasMd5: config.s3 !== undefined }),
    frames: openContextFrames(context),
    findFirstFrame: createFirstFrameFinder({ database, store }),
  }
}

/** Opens what enlarges images on this machine. Its process ends with this one, after the worker. */
function openContextUpscaler({ config, lifecycle, log }: ServiceContext): Upscaler {
  const directory = join(config.DATA_DIR, 'local-models')
  const packages = openLocalPackages({ directory, log, signal: lifecycle.stopping })
  const upscaler = openUpscaler({ packages, log })
  lifecycle.onClose('upscaler', upscaler.close)
  return upscaler
}

/** Opens what reads the first frames of videos, for their posters. */
function openContextFrames({ config, log }: ServiceContext): FrameReader | undefined {
  const program = findFfmpeg(config.FFMPEG_PATH)
  if (program !== undefined) return openFrameReader({ program, env: readDecoderEnvironment() })
  log.info({ setting: config.FFMPEG_PATH }, 'ffmpeg_absent')
  return undefined
}

function startMaintenance({ config, lifecycle }: ServiceContext, deps: ProcessorDeps): void {
  const signal = lifecycle.stopping
  const loops = [
    runRehosts({ ...deps, signal }),
    runPurge({ ...deps, signal, trashDays: config.TRASH_DAYS }),
    runCostSums({ ...deps, signal }),
    runTimelineSums({ ...deps, signal }),
    runGarbageSweeps({ ...deps, signal, maxSeconds: config.GENERATION_MAX_SECONDS }),
  ]
  lifecycle.onClose('maintenance', () => Promise.all(loops))
}

function startHttp({ config, lifecycle, http, log }: ServiceContext, { callsInFlight }: ProcessorDeps): void {
  const options = { ...http, stopDetails: () => ({ calls: describeCalls(callsInFlight) }) }
  const app = createHttpApp(options, {}).listen({
    port: config.PROCESSOR_PORT ?? 0,
    hostname: config.HOST,
    idleTimeout: IDLE_SECONDS,
  })
  lifecycle.onClose('http', () => app.stop())
  log.info({ port: app.server?.port }, 'listening')
}

function startWorker(context: ServiceContext, deps: ProcessorDeps): void {
  const { config, lifecycle } = context
  const drainController = new AbortController()
  const workerDeps = {
    ...deps,
    uploadConcurrency: config.GENERATION_UPLOAD_CONCURRENCY,
    leaseSeconds: config.LEASE_SECONDS,
    maxSeconds: config.GENERATION_MAX_SECONDS,
    maxSubmits: config.MAX_PROVIDER_SUBMITS,
    maxFailures: MAX_FAILURES,
    drainSignal: drainController.signal,
    drainGraceMs: config.SHUTDOWN_GRACE_SECONDS * 1_000,
  }
  const runJob = (adapter: Adapter, id: string) => runRecoveredJob(workerDeps, adapter, id)
  const workers = Promise.all([runWorker(workerDeps), recoverAnswers({ ...deps, runJob })])
  const drain = () => drainWorkers(context, deps, workers, drainController)
  // A call that is paid for is waited for, up to its own deadline; a second signal ends that.
  lifecycle.onClose('worker', drain, computeDrainSeconds(config) * 1_000)
}

/**
 * Waits for active jobs to end for the grace period, then has the rest released for other workers. Jobs whose calls are in
 * flight are released after the answer: it may be billed, and only this process can receive it.
 */
async function drainWorkers(
  { config, lifecycle, log }: ServiceContext,
  { callsInFlight }: ProcessorDeps,
  workers: Promise<unknown>,
  drainController: AbortController,
): Promise<void> {
  const drain = () => drainController.abort(new Error('stopping'))
  const timer = setTimeout(drain, config.SHUTDOWN_GRACE_SECONDS * 1_000)
  if (callsInFlight.list().length > 0) log.info({ calls: describeCalls(callsInFlight) }, 'stop_waits_for_calls')
  const giveUp = () => {
    const calls = describeCalls(callsInFlight)
    if (calls.length > 0) log.warn({ calls }, 'calls_given_up')
    callsInFlight.giveUp()
    drain()
  }
  lifecycle.forced.addEventListener('abort', giveUp, { once: true })
  if (lifecycle.forced.aborted) giveUp()
  try {
    await workers
    await callsInFlight.settled()
  } finally {
    clearTimeout(timer)
  }
}

/** Describes the calls that a stop waits for, without their content. */
function describeCalls(callsInFlight: Pick<CallsInFlight, 'list'>) {
  return callsInFlight
    .list()
    .map(({ provider, model, generationId, remainingSeconds }) => ({ provider, model, generationId, remainingSeconds }))
}
