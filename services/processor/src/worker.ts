import { hostname } from 'node:os'
import { GenerationQueued } from '@darkroom/contracts/events'
import { jobConsumerName, jobSubject } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Delivery, JobConsumer } from '@darkroom/infra/bus/consumer'
import type { Activity } from '@darkroom/infra/database/activity'
import { MIN_WRITE_BYTES } from '@darkroom/infra/runtime/disk-space'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { JobOutcome } from './generate/generate.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { Provider } from './providers/provider.ts'
import { type ClaimResult, claimGeneration } from './queue/claim.ts'
import type { Job } from './queue/job.ts'
import { hasAnswers, type RunJobDeps, runJob } from './queue/run-job.ts'

export interface WorkerDeps extends RunJobDeps {
  bus: Pick<Bus, 'ensureStreams' | 'consumer'>
  metrics: RunJobDeps['metrics'] & Pick<ProcessorMetrics, 'claims' | 'activeJobs' | 'poisonMessages'>
  /** Absent: pulls are as short in a quiet studio. */
  activity?: Pick<Activity, 'isQuiet'>
  providers: readonly Provider[]
  /** Generations of one provider that are worked on at once. */
  slots: number
  /** Aborted when no more jobs are to be claimed. */
  stopping: AbortSignal
}

const PULL_TIMEOUT_MS = 5_000
/** A message ends a pull at once; that a consumer delivers nothing although it has messages is noticed after an empty one. */
const QUIET_PULL_TIMEOUT_MS = 30_000
/** Time that a message comes after its job is due, so that it does not come just before. */
const DUE_MARGIN_MS = 50
/** Delay of a message that could not be handled, because the database failed for example. */
const REDELIVERY_DELAY_MS = 1_000
const DISK_FULL_DELAY_MS = 10_000

/**
 * Works on generations until `stopping` is aborted. Each provider has a consumer and a number of slots, and each free slot
 * pulls one message.
 *
 * @returns when every slot has ended
 */
export async function runWorker(deps: WorkerDeps): Promise<void> {
  const slots = deps.providers.flatMap(provider => Array.from({ length: deps.slots }, () => runSlot(deps, provider)))
  await Promise.all(slots)
}

async function runSlot(deps: WorkerDeps, provider: Provider): Promise<void> {
  const { log, stopping } = deps
  const ids = { provider: provider.name, consumer: jobConsumerName(provider.name) }
  const options = { name: 'job_consumer', policy: RETRY_POLICIES.consumer, log, ids, signal: stopping }
  await runForever(options, async succeeded => {
    const consumer = await openConsumer(deps, provider)
    succeeded()
    while (!stopping.aborted) await pullJob(deps, provider, consumer)
    return 'busy'
  })
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
  const pullMs = deps.activity?.isQuiet() ? QUIET_PULL_TIMEOUT_MS : PULL_TIMEOUT_MS
  const delivery = await consumer.next(pullMs, deps.stopping)
  if (!delivery) return
  if (deps.stopping.aborted) return delivery.nak(0)
  await handleDelivery(deps, provider, delivery).catch(err => {
    const generation = GenerationQueued.safeParse(delivery.data).data?.id
    deps.log.error({ err, provider: provider.name, generation }, 'delivery_failed')
    delivery.nak(REDELIVERY_DELAY_MS)
  })
}

/** Settles a message in exactly one way: ack, nak with a delay, or term. */
async function handleDelivery(deps: WorkerDeps, provider: Provider, delivery: Delivery): Promise<void> {
  const ids = { provider: provider.name }
  const message = GenerationQueued.safeParse(delivery.data)
  if (!message.success) return discardDelivery(deps, delivery, { ...ids, reason: 'malformed' })
  const { id } = message.data
  // The database must be able to end what is under way: nothing new is begun.
  if ((await deps.getFreeBytes()) < MIN_WRITE_BYTES) return delivery.nak(DISK_FULL_DELAY_MS)
  await failpoint('before-claim')
  const claimed = await claimJob(deps, id)
  if (claimed.kind === 'claimed') return await runClaimedJob(deps, provider, claimed.job, delivery)
  if (claimed.kind === 'nothing-to-do') return await delivery.ack()
  if (claimed.kind === 'not-now') return delivery.nak(claimed.seconds * 1_000 + DUE_MARGIN_MS)
  discardDelivery(deps, delivery, { ...ids, reason: 'no_such_generation', generation: id })
}

/**
 * Works on a generation without a message, because its answer is in the journal. Its message finds nothing to do afterwards.
 */
export async function runRecoveredJob(deps: WorkerDeps, provider: Provider, id: string): Promise<void> {
  const claimed = await claimJob(deps, id, { isRecovery: true })
  if (claimed.kind === 'claimed') await runJob(deps, provider, claimed.job, { working: () => {} })
}

async function claimJob(deps: WorkerDeps, id: string, options: { isRecovery?: boolean } = {}): Promise<ClaimResult> {
  const owner = `${hostname()}-${process.pid}`
  return await claimGeneration({ ...deps, ...options, owner, hasAnswers: id => hasAnswers(deps, id) }, id)
}

async function runClaimedJob(deps: WorkerDeps, provider: Provider, job: Job, delivery: Delivery): Promise<void> {
  deps.metrics.claims.inc()
  await failpoint('after-claim')
  deps.metrics.activeJobs.inc()
  const outcome = await runJob(deps, provider, job, delivery).finally(() => deps.metrics.activeJobs.dec())
  await settleDelivery(delivery, outcome)
}

async function settleDelivery(delivery: Delivery, outcome: JobOutcome): Promise<void> {
  if (outcome.kind === 'ended') {
    await failpoint('after-finish')
    return await delivery.ack()
  }
  delivery.nak(outcome.seconds * 1_000)
}

function discardDelivery(
  { log, metrics }: Pick<WorkerDeps, 'log' | 'metrics'>,
  delivery: Delivery,
  ids: { provider: string; reason: string; generation?: string },
): void {
  log.warn(ids, 'message_discarded')
  metrics.poisonMessages.inc()
  delivery.term()
}
