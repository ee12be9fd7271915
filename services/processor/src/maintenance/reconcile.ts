import { jobConsumerName, jobSubject } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import { type Database, transaction } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { sleep } from '@darkroom/infra/runtime/timers'
import type { ProcessorMetrics } from '../metrics.ts'
import type { Provider } from '../providers/provider.ts'
import { type CancelDeps, cancelOpenCalls } from '../queue/cancel.ts'
import { setWaiting } from '../queue/waiting-reason.ts'
import { countUnfinished, enqueueLostJobs, findUnservedGenerations, isRelayBehind } from './reconcile-rows.ts'

export interface ReconcileDeps extends CancelDeps {
  metrics: ProcessorMetrics
  /** Between two looks; 2,000 unless said. */
  intervalMs?: number
}

/** With fewer messages than generations in a lane, some are lost for certain. */
const LOST_SECONDS = 3
/** A message may be lost although there are enough: one generation can have several. */
const POSSIBLY_LOST_SECONDS = 120

/**
 * Makes good what the bus has lost, until `stopping` is aborted. The bus is a hint: whatever it forgets follows from rows.
 * Any number may run at once.
 */
export async function reconcile(deps: ReconcileDeps): Promise<void> {
  const { intervalMs = 2_000, log, stopping } = deps
  while (!stopping.aborted) {
    await reconcileOnce(deps).catch(err => log.warn({ err }, 'not reconciled'))
    await sleep(intervalMs * (0.75 + Math.random() / 2), stopping)
  }
}

async function reconcileOnce(deps: ReconcileDeps): Promise<void> {
  await cancelOpenCalls(deps)
  // What was not published yet is not lost.
  if (!deps.bus.isConnected() || (await isRelayBehind(deps.database))) return
  for (const provider of deps.providers) await reconcileProvider(deps, provider)
  await markUnserved(deps.database, deps.providers)
}

/** Says of generations whose provider is not set up any more that they wait for that. Once it is they are announced again. */
async function markUnserved(database: Database, providers: readonly Provider[]): Promise<void> {
  const served = providers.map(({ name }) => name)
  for (const id of await findUnservedGenerations(database, served)) {
    await transaction(database, tx => setWaiting(tx, id, { reason: 'not-configured', seconds: null }))
  }
}

async function reconcileProvider(
  { database, bus, metrics, log }: { database: Database; bus: Bus; metrics: ProcessorMetrics; log: Log },
  { name }: Provider,
): Promise<void> {
  const unfinished = await countUnfinished(database, name)
  if (unfinished === 0) return
  const messages = await bus.countBacklog(jobConsumerName(name))
  const seconds = messages < unfinished ? LOST_SECONDS : POSSIBLY_LOST_SECONDS
  const count = await enqueueLostJobs(database, { provider: name, subject: jobSubject(name), seconds })
  if (count === 0) return
  metrics.reannounced.inc(count)
  log.warn({ count, provider: name }, 'generations announced again')
}
