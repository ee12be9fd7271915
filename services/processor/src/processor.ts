import { join } from 'node:path'
import type { ServiceConfig } from '@darkroom/infra/config'
import { runRelay } from '@darkroom/infra/database/outbox'
import { createHttpApp } from '@darkroom/infra/http/app'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openServiceContext, type ServiceContext } from '@darkroom/infra/runtime/service-context'
import { runPurge } from './maintenance/purge.ts'
import { reconcile } from './maintenance/reconcile.ts'
import { runRehosts } from './maintenance/rehost.ts'
import { createProcessorMetrics } from './metrics.ts'
import { openSpool } from './outputs/spool.ts'
import { publishModels } from './providers/model-catalogue.ts'
import type { Provider } from './providers/provider.ts'
import { createActiveJobs } from './queue/active-jobs.ts'
import { followCancelMessages } from './queue/cancel.ts'
import { runWorker } from './worker.ts'

/** Expired leases and retryable errors after which a generation is failed. */
const MAX_FAILURES = 5
/** Time for which released jobs may write their rows after the grace period. */
const RELEASE_SECONDS = 3
const MIB = 1024 * 1024

type ProcessorDeps = Awaited<ReturnType<typeof createDeps>>

/**
 * Runs a processor in this process until it is asked to stop. On stopping, what is started last here is closed first.
 *
 * @param createProviders creates the providers that it works for; tests add the fake one
 */
export async function runProcessor(createProviders: (config: ServiceConfig) => Provider[]): Promise<void> {
  const context = await openServiceContext('processor', { isBusRequired: true })
  const { config, lifecycle } = context
  await context.bus.ensureStreams()
  const relay = runRelay({ ...context, signal: lifecycle.stopping })
  lifecycle.onClose('relay', () => relay)
  const providers = createProviders(config)
  lifecycle.onClose('providers', () => Promise.all(providers.map(provider => provider.close?.())))
  const deps = await createDeps(context, providers)
  const loops = [followCancelMessages(deps), reconcile(deps)]
  lifecycle.onClose('background_loops', () => Promise.all(loops))
  startMaintenance(context, deps)
  // Closed after the worker: during a drain, health checks are answered that the process is stopping.
  startHttp(context)
  startWorker(context, deps)
}

async function createDeps(context: ServiceContext, providers: readonly Provider[]) {
  const { config, database, bus, store, log } = context
  const { stopping } = context.lifecycle
  return {
    database,
    bus,
    store,
    log,
    stopping,
    providers,
    metrics: createProcessorMetrics(context.metrics),
    activeJobs: createActiveJobs(),
    catalogue: await publishModels({ database, providers, signal: stopping }),
    allowOrigins: config.SAFE_GET_ALLOW,
    budget: createByteBudget(config.UPLOAD_MEMORY_MB * MIB),
    spool: await openSpool({ directory: join(config.DATA_DIR, 'spool') }),
  }
}

function startMaintenance({ config, lifecycle }: ServiceContext, deps: ProcessorDeps): void {
  const signal = lifecycle.stopping
  const loops = [runRehosts({ ...deps, signal }), runPurge({ ...deps, signal, trashDays: config.TRASH_DAYS })]
  lifecycle.onClose('maintenance', () => Promise.all(loops))
}

function startHttp({ config, lifecycle, http, log }: ServiceContext): void {
  const app = createHttpApp(http).listen({ port: config.PROCESSOR_PORT ?? 0, hostname: config.HOST })
  lifecycle.onClose('http', () => app.stop())
  log.info({ port: app.server?.port }, 'listening')
}

function startWorker({ config, lifecycle }: ServiceContext, deps: ProcessorDeps): void {
  const graceSeconds = config.SHUTDOWN_GRACE_SECONDS
  const drainController = new AbortController()
  const worker = runWorker({
    ...deps,
    slots: config.PROVIDER_CONCURRENCY,
    uploadConcurrency: config.GENERATION_UPLOAD_CONCURRENCY,
    leaseSeconds: config.LEASE_SECONDS,
    maxSeconds: config.GENERATION_MAX_SECONDS,
    maxSubmits: config.MAX_PROVIDER_SUBMITS,
    maxFailures: MAX_FAILURES,
    drainSignal: drainController.signal,
  })
  const drain = () => drainWorker(worker, drainController, graceSeconds)
  lifecycle.onClose('worker', drain, (graceSeconds + RELEASE_SECONDS) * 1_000)
}

/** Waits for active jobs to end for `graceSeconds`, then has the rest released for other workers. */
async function drainWorker(
  worker: Promise<void>,
  drainController: AbortController,
  graceSeconds: number,
): Promise<void> {
  const timer = setTimeout(() => drainController.abort(new Error('stopping')), graceSeconds * 1_000)
  await worker.finally(() => clearTimeout(timer))
}
