import { join } from 'node:path'
import type { ServiceConfig } from '@darkroom/infra/config'
import { runRelay } from '@darkroom/infra/database/outbox'
import { createHttp } from '@darkroom/infra/http/app'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openGround } from '@darkroom/infra/runtime/service-context'
import { runPurge } from './maintenance/purge.ts'
import { reconcile } from './maintenance/reconcile.ts'
import { runRehosts } from './maintenance/rehost.ts'
import { createMeasures } from './metrics.ts'
import { openSpool } from './outputs/spool.ts'
import { publishModels } from './providers/model-catalogue.ts'
import type { Provider } from './providers/provider.ts'
import { createHeld } from './queue/active-jobs.ts'
import { followCancels } from './queue/cancel.ts'
import { work } from './worker.ts'

const MAX_FAILURES = 5
const MIB = 1024 * 1024

/**
 * Runs a processor in this process until it is told to stop.
 *
 * @param providersOf the providers that it works for, from its settings; the tests hand in theirs
 */
export async function runProcessor(providersOf: (config: ServiceConfig) => Provider[]): Promise<void> {
  const ground = await openGround('processor', { busIsVital: true })
  const { config, lifecycle, log, database, bus, store } = ground
  await bus.ensureStreams()

  const relaying = runRelay({ ...ground, signal: lifecycle.stopping })
  lifecycle.onClose('relay', () => relaying)

  const providers = providersOf(config)
  lifecycle.onClose('providers', () => Promise.all(providers.map(provider => provider.close?.())))
  const catalogue = await publishModels({ database, providers, signal: lifecycle.stopping })

  const held = createHeld()
  const measures = createMeasures(ground.metrics)
  const watching = { database, bus, log, held, providers, measures, stopping: lifecycle.stopping }
  const loops = [followCancels(watching), reconcile(watching)]
  lifecycle.onClose('loops', () => Promise.all(loops))

  const keeping = {
    store,
    allowOrigins: config.SAFE_GET_ALLOW,
    budget: createByteBudget(config.UPLOAD_MEMORY_MB * MIB),
    spool: await openSpool({ directory: join(config.DATA_DIR, 'spool') }),
  }
  const upkeep = { database, store, log, measures, signal: lifecycle.stopping }
  const tidying = [runRehosts({ ...upkeep, ...keeping }), runPurge({ ...upkeep, trashDays: config.TRASH_DAYS })]
  lifecycle.onClose('upkeep', () => Promise.all(tidying))

  // Closed after the work: whoever asks during a drain is told that it stops.
  const app = createHttp(ground.http).listen({ port: config.PROCESSOR_PORT ?? 0, hostname: config.HOST })
  lifecycle.onClose('http', () => app.stop())
  log.info({ port: app.server?.port }, 'listening')

  const giveBack = new AbortController()
  const working = work({
    ...watching,
    ...keeping,
    catalogue,
    slots: config.PROVIDER_CONCURRENCY,
    uploadConcurrency: config.GENERATION_UPLOAD_CONCURRENCY,
    leaseSeconds: config.LEASE_SECONDS,
    maxSeconds: config.GENERATION_MAX_SECONDS,
    maxSubmits: config.MAX_PROVIDER_SUBMITS,
    maxFailures: MAX_FAILURES,
    giveBack: giveBack.signal,
  })
  lifecycle.onClose(
    'work',
    () => drain(working, giveBack, config.SHUTDOWN_GRACE_SECONDS),
    (config.SHUTDOWN_GRACE_SECONDS + 3) * 1_000,
  )
}

/** Lets active work end by itself for a while, then has it handed back. */
async function drain(working: Promise<void>, giveBack: AbortController, graceSeconds: number): Promise<void> {
  const timer = setTimeout(() => giveBack.abort(new Error('stopping')), graceSeconds * 1_000)
  await working.finally(() => clearTimeout(timer))
}
