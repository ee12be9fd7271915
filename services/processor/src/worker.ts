import { GenerationQueued } from '@darkroom/contracts/events'
import { jobSubject, laneConsumer } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Delivery, Lane } from '@darkroom/infra/bus/consumer'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import type { Outcome } from './generate/generate.ts'
import type { Measures } from './metrics.ts'
import type { UploadDeps } from './outputs/upload.ts'
import type { ModelCatalogue } from './providers/model-catalogue.ts'
import type { Provider } from './providers/provider.ts'
import type { Held } from './queue/active-jobs.ts'
import { claim } from './queue/claim.ts'
import { workOn } from './queue/run-job.ts'

export interface WorkDeps extends UploadDeps {
  database: Database
  bus: Bus
  log: Log
  measures: Measures
  held: Held
  providers: readonly Provider[]
  catalogue: ModelCatalogue
  /** Generations worked on at once, a provider. */
  slots: number
  uploadConcurrency: number
  leaseSeconds: number
  /** Longest active work on one generation, in one attempt. */
  maxSeconds: number
  /** Times that one output may be asked for where nobody knows whether the provider took it. */
  maxSubmits: number
  /** Silent deaths and retryable errors after which a generation is failed. */
  maxFailures: number
  /** Aborted when no more work is to be taken. */
  stopping: AbortSignal
  /** Aborted when active work must be handed back. */
  giveBack: AbortSignal
}

const PULL_MS = 5_000

/**
 * Works on generations until `stopping` is aborted: each provider has a lane of its own, each lane as many slots as are
 * allowed, and each free slot pulls one message.
 *
 * @returns when every slot has ended
 */
export async function work(deps: WorkDeps): Promise<void> {
  const slots = deps.providers.flatMap(provider => Array.from({ length: deps.slots }, () => runSlot(deps, provider)))
  await Promise.all(slots)
}

async function runSlot(deps: WorkDeps, provider: Provider): Promise<void> {
  for (let failures = 0; !deps.stopping.aborted; failures++) {
    try {
      const lane = await openLane(deps, provider)
      failures = 0
      while (!deps.stopping.aborted) await pull(deps, provider, lane)
    } catch (err) {
      deps.log[failures < 3 ? 'info' : 'error']({ err, provider: provider.name }, 'lane broke off')
      await sleep(backoff(failures, { base: 250, most: 5_000 }) + 50, deps.stopping)
    }
  }
}

async function openLane({ bus, leaseSeconds }: WorkDeps, { name }: Provider): Promise<Lane> {
  await bus.ensureStreams()
  return await bus.lane({ consumer: laneConsumer(name), subject: jobSubject(name), ackWaitSeconds: leaseSeconds })
}

async function pull(deps: WorkDeps, provider: Provider, lane: Lane): Promise<void> {
  const delivery = await lane.next(PULL_MS, deps.stopping)
  if (!delivery) return
  if (deps.stopping.aborted) return delivery.later(0)
  await handle(deps, provider, delivery).catch(err => {
    deps.log.error({ err }, 'a message could not be handled')
    delivery.later(1_000)
  })
}

/** Ends a message in exactly one way: done, again later, or never again. */
async function handle(deps: WorkDeps, provider: Provider, delivery: Delivery): Promise<void> {
  const message = GenerationQueued.safeParse(delivery.data)
  if (!message.success) return refuse(deps, delivery, 'not a message of ours')
  await failpoint('before-claim')
  const taken = await claim({ ...deps, owner: `processor-${process.pid}` }, message.data.id)
  if (taken.kind === 'unknown') return refuse(deps, delivery, 'no such generation')
  if (taken.kind === 'nothing-to-do') return await delivery.ack()
  if (taken.kind === 'not-now') return delivery.later(taken.seconds * 1_000 + 50)
  deps.measures.claims.inc()
  await failpoint('after-claim')
  deps.measures.held.inc()
  const outcome = await workOn(deps, provider, taken.job, delivery).finally(() => deps.measures.held.dec())
  await settle(delivery, outcome)
}

async function settle(delivery: Delivery, outcome: Outcome): Promise<void> {
  if (outcome.kind === 'ended') {
    await failpoint('after-finish')
    return await delivery.ack()
  }
  delivery.later(outcome.seconds * 1_000)
}

function refuse({ log, measures }: WorkDeps, delivery: Delivery, reason: string): void {
  log.warn({ reason }, 'message discarded')
  measures.poison.inc()
  delivery.discard()
}
