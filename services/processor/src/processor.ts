import { join } from 'node:path'
import type { ServiceConfig } from '@darkroom/infra/config'
import { runRelay } from '@darkroom/infra/database/outbox'
import { createHttpApp } from '@darkroom/infra/http/app'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
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

const MAX_FAILURES = 5
const MIB = 1024 * 1024

/**
 * Runs a processor in this process until it is told to stop.
 *
 * @param createProviders the providers that it works for, from its settings; the tests hand in theirs
 */
export async function runProcessor(createProviders: (config: ServiceConfig) => Provider[]): Promise<void> {
  const context = await openServiceContext('processor', { isBusRequired: true })
  const { config, lifecycle, log, database, bus, store } = context
  await bus.ensureStreams()

  const relay = runRelay({ ...context, signal: lifecycle.stopping })
  lifecycle.onClose('relay', () => relay)

  const providers = createProviders(config)
  lifecycle.onClose('providers', () => Promise.all(providers.map(provider => provider.close?.())))
  const catalogue = await publishModels({ database, providers, signal: lifecycle.stopping })

  const activeJobs = createActiveJobs()
  const metrics = createProcessorMetrics(context.metrics)
  const jobDeps = { database, bus, log, activeJobs, providers, metrics, stopping: lifecycle.stopping }
  const loops = [followCancelMessages(jobDeps), reconcile(jobDeps)]
  lifecycle.onClose('background_loops', () => Promise.all(loops))

  const outputDeps = {
    store,
    allowOrigins: config.SAFE_GET_ALLOW,
    budget: createByteBudget(config.UPLOAD_MEMORY_MB * MIB),
    spool: await openSpool({ directory: join(config.DATA_DIR, 'spool') }),
  }
  const maintenanceDeps = { database, store, log, metrics, signal: lifecycle.stopping }
  const maintenance = [
    runRehosts({ ...maintenanceDeps, ...outputDeps }),
    runPurge({ ...maintenanceDeps, trashDays: config.TRASH_DAYS }),
  ]
  lifecycle.onClose('maintenance', () => Promise.all(maintenance))

  // Closed after the work: whoever asks during a drain is told that it stops.
  const app = createHttpApp(context.http).listen({ port: config.PROCESSOR_PORT ?? 0, hostname: config.HOST })
  lifecycle.onClose('http', () => app.stop())
  log.info({ port: app.server?.port }, 'listening')

  const drainController = new AbortController()
  const worker = runWorker({
    ...jobDeps,
    ...outputDeps,
    catalogue,
    slots: config.PROVIDER_CONCURRENCY,
    uploadConcurrency: config.GENERATION_UPLOAD_CONCURRENCY,
    leaseSeconds: config.LEASE_SECONDS,
    maxSeconds: config.GENERATION_MAX_SECONDS,
    maxSubmits: config.MAX_PROVIDER_SUBMITS,
    maxFailures: MAX_FAILURES,
    drainSignal: drainController.signal,
  })
  lifecycle.onClose(
    'worker',
    () => drainWorker(worker, drainController, config.SHUTDOWN_GRACE_SECONDS),
    (config.SHUTDOWN_GRACE_SECONDS + 3) * 1_000,
  )
}

/** Lets active work end by itself for a while, then has it handed back. */
async function drainWorker(
  worker: Promise<void>,
  drainController: AbortController,
  graceSeconds: number,
): Promise<void> {
  const timer = setTimeout(() => drainController.abort(new Error('stopping')), graceSeconds * 1_000)
  await worker.finally(() => clearTimeout(timer))
}
