import { GenerationQueued } from '@darkroom/contracts/events'
import { jobConsumerName, jobSubject } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Delivery, JobConsumer } from '@darkroom/infra/bus/consumer'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import type { JobOutcome } from './generate/generate.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { UploadDeps } from './outputs/upload.ts'
import type { ModelCatalogue } from './providers/model-catalogue.ts'
import type { Provider } from './providers/provider.ts'
import type { ActiveJobs } from './queue/active-jobs.ts'
import { claimGeneration } from './queue/claim.ts'
import { runJob } from './queue/run-job.ts'

export interface WorkerDeps extends UploadDeps {
  database: Database
  bus: Bus
  log: Log
  metrics: ProcessorMetrics
  activeJobs: ActiveJobs
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
  drainSignal: AbortSignal
}

const PULL_TIMEOUT_MS = 5_000

/**
 * Works on generations until `stopping` is aborted: each provider has a lane of its own, each lane as many slots as are
 * allowed, and each free slot pulls one message.
 *
 * @returns when every slot has ended
 */
export async function runWorker(deps: WorkerDeps): Promise<void> {
  const slots = deps.providers.flatMap(provider => Array.from({ length: deps.slots }, () => runSlot(deps, provider)))
  await Promise.all(slots)
}

async function runSlot(deps: WorkerDeps, provider: Provider): Promise<void> {
  for (let failures = 0; !deps.stopping.aborted; failures++) {
    try {
      const consumer = await openConsumer(deps, provider)
      failures = 0
      while (!deps.stopping.aborted) await pullJob(deps, provider, consumer)
    } catch (err) {
      deps.log[failures < 3 ? 'info' : 'error']({ err, provider: provider.name }, 'lane broke off')
      await sleep(backoff(failures, { base: 250, most: 5_000 }) + 50, deps.stopping)
    }
  }
}

async function openConsumer({ bus, leaseSeconds }: WorkerDeps, { name }: Provider): Promise<JobConsumer> {
  await bus.ensureStreams()
  return await bus.consumer({
    name: jobConsumerName(name),
    subject: jobSubject(name),
    ackWaitSeconds: leaseSeconds,
  })
}

async function pullJob(deps: WorkerDeps, provider: Provider, consumer: JobConsumer): Promise<void> {
  const delivery = await consumer.next(PULL_TIMEOUT_MS, deps.stopping)
  if (!delivery) return
  if (deps.stopping.aborted) return delivery.nak(0)
  await handleDelivery(deps, provider, delivery).catch(err => {
    deps.log.error({ err }, 'a message could not be handled')
    delivery.nak(1_000)
  })
}

/** Ends a message in exactly one way: done, again later, or never again. */
async function handleDelivery(deps: WorkerDeps, provider: Provider, delivery: Delivery): Promise<void> {
  const message = GenerationQueued.safeParse(delivery.data)
  if (!message.success) return discardDelivery(deps, delivery, 'not a message of ours')
  await failpoint('before-claim')
  const claimed = await claimGeneration({ ...deps, owner: `processor-${process.pid}` }, message.data.id)
  if (claimed.kind === 'unknown') return discardDelivery(deps, delivery, 'no such generation')
  if (claimed.kind === 'nothing-to-do') return await delivery.ack()
  if (claimed.kind === 'not-now') return delivery.nak(claimed.seconds * 1_000 + 50)
  deps.metrics.claims.inc()
  await failpoint('after-claim')
  deps.metrics.activeJobs.inc()
  const outcome = await runJob(deps, provider, claimed.job, delivery).finally(() => deps.metrics.activeJobs.dec())
  await settleDelivery(delivery, outcome)
}

async function settleDelivery(delivery: Delivery, outcome: JobOutcome): Promise<void> {
  if (outcome.kind === 'ended') {
    await failpoint('after-finish')
    return await delivery.ack()
  }
  delivery.nak(outcome.seconds * 1_000)
}

function discardDelivery({ log, metrics }: WorkerDeps, delivery: Delivery, reason: string): void {
  log.warn({ reason }, 'message discarded')
  metrics.poisonMessages.inc()
  delivery.term()
}
