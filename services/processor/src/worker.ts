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
import { untilAborted } from '@darkroom/infra/runtime/timers'
import type { JobOutcome } from './generate/generate.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { Adapter } from './providers/adapter.ts'
import type { Connections } from './providers/connections.ts'
import { type ClaimResult, claimGeneration } from './queue/claim.ts'
import type { Job } from './queue/job.ts'
import { hasAnswers, type RunJobDeps, runJob } from './queue/run-job.ts'

export interface WorkerDeps extends RunJobDeps {
  bus: Pick<Bus, 'ensureStreams' | 'consumer'>
  metrics: RunJobDeps['metrics'] & Pick<ProcessorMetrics, 'claims' | 'activeJobs' | 'poisonMessages'>
  /** Absent: pulls are as short in a quiet studio. */
  activity?: Pick<Activity, 'isQuiet' | 'subscribe'>
  connections: Connections
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
 * Works on generations until `stopping` is aborted. Each connection has a consumer and a number of slots, and each free slot
 * pulls one message. Slots begin and end with the connections; a job of one that is removed is worked on to its end.
 *
 * @returns when every slot has ended
 */
export async function runWorker(deps: WorkerDeps): Promise<void> {
  const { connections, stopping } = deps
  const slots = new Map<string, Slot>()
  while (!stopping.aborted) {
    const changed = connections.changed()
    startSlots(deps, slots)
    await untilAborted(changed, stopping).catch(() => {})
  }
  await Promise.all([...slots.values()].map(slot => slot.ended))
}

interface Slot {
  stop: AbortController
  ended: Promise<void>
}

/** Starts the slots that are missing, and ends those that are too many once their jobs have ended. */
function startSlots(deps: WorkerDeps, slots: Map<string, Slot>): void {
  const wanted = new Map<string, string>(
    deps.connections
      .list()
      .flatMap(({ adapter, slots }) =>
        Array.from({ length: slots }, (_, slot) => [`${adapter.connection} ${slot}`, adapter.connection] as const),
      ),
  )
  for (const [name, { stop }] of slots) if (!wanted.has(name)) stop.abort(new Error('the connection has fewer slots'))
  for (const [name, connection] of wanted) {
    // One that is ending is started again once its job has ended: a connection never has more jobs than slots.
    if (slots.has(name) || deps.stopping.aborted) continue
    const stop = new AbortController()
    const ended = runSlot(deps, connection, AbortSignal.any([deps.stopping, stop.signal])).finally(() => {
      slots.delete(name)
      startSlots(deps, slots)
    })
    slots.set(name, { stop, ended })
  }
}

async function runSlot(deps: WorkerDeps, connection: string, stopping: AbortSignal): Promise<void> {
  const ids = { connection, consumer: jobConsumerName(connection) }
  const options = { name: 'job_consumer', policy: RETRY_POLICIES.consumer, log: deps.log, ids, signal: stopping }
  await runForever(options, async succeeded => {
    const consumer = await openConsumer(deps, connection)
    succeeded()
    while (!stopping.aborted) await pullJob(deps, connection, consumer, stopping)
    return 'busy'
  })
}

async function openConsumer({ bus, leaseSeconds }: WorkerDeps, connection: string): Promise<JobConsumer> {
  await bus.ensureStreams()
  return await bus.consumer({
    name: jobConsumerName(connection),
    subject: jobSubject(connection),
    ackWaitSeconds: leaseSeconds,
  })
}

async function pullJob(
  deps: WorkerDeps,
  connection: string,
  consumer: JobConsumer,
  stopping: AbortSignal,
): Promise<void> {
  const delivery = await pullDelivery(deps, consumer, stopping)
  if (!delivery) return
  const adapter = deps.connections.find(connection)
  if (stopping.aborted || !adapter) return delivery.nak(stopping.aborted ? 0 : REDELIVERY_DELAY_MS)
  await handleDelivery(deps, adapter, delivery).catch(err => {
    const generation = GenerationQueued.safeParse(delivery.data).data?.id
    deps.log.error({ err, connection, generation }, 'delivery_failed')
    delivery.nak(REDELIVERY_DELAY_MS)
  })
}

/**
 * Pulls a message, for a long time in a quiet studio. Some seconds after that has ended, a long pull is given up: the server that had it
 * may be gone, and the one that leads the consumer since does not know it.
 */
async function pullDelivery(
  { activity }: Pick<WorkerDeps, 'activity'>,
  consumer: JobConsumer,
  stopping: AbortSignal,
): Promise<Delivery | null> {
  if (!activity?.isQuiet()) return await consumer.next(PULL_TIMEOUT_MS, stopping)
  const givingUp = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const unsubscribe = activity.subscribe(() => {
    timer ??= setTimeout(() => givingUp.abort(new Error('the studio is not quiet any more')), PULL_TIMEOUT_MS)
  })
  try {
    return await consumer.next(QUIET_PULL_TIMEOUT_MS, AbortSignal.any([stopping, givingUp.signal]))
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}

/** Settles a message in exactly one way: ack, nak with a delay, or term. */
async function handleDelivery(deps: WorkerDeps, adapter: Adapter, delivery: Delivery): Promise<void> {
  const ids = { connection: adapter.connection }
  const message = GenerationQueued.safeParse(delivery.data)
  if (!message.success) return discardDelivery(deps, delivery, { ...ids, reason: 'malformed' })
  const { id } = message.data
  // The database must be able to end what is under way: nothing new is begun.
  if ((await deps.getFreeBytes()) < MIN_WRITE_BYTES) return delivery.nak(DISK_FULL_DELAY_MS)
  await failpoint('before-claim')
  const claimed = await claimJob(deps, adapter, id)
  if (claimed.kind === 'claimed') return await runClaimedJob(deps, adapter, claimed.job, delivery)
  if (claimed.kind === 'nothing-to-do') return await delivery.ack()
  if (claimed.kind === 'not-now') return delivery.nak(claimed.seconds * 1_000 + DUE_MARGIN_MS)
  discardDelivery(deps, delivery, { ...ids, reason: 'no_such_generation', generation: id })
}

/**
 * Works on a generation without a message, because its answer is in the journal. Its message finds nothing to do afterwards.
 */
export async function runRecoveredJob(deps: WorkerDeps, adapter: Adapter, id: string): Promise<void> {
  const claimed = await claimJob(deps, adapter, id, { isRecovery: true })
  if (claimed.kind === 'claimed') await runJob(deps, adapter, claimed.job, { working: () => {} })
}

async function claimJob(
  deps: WorkerDeps,
  { connection }: Adapter,
  id: string,
  options: { isRecovery?: boolean } = {},
): Promise<ClaimResult> {
  const owner = `${hostname()}-${process.pid}`
  return await claimGeneration({ ...deps, ...options, connection, owner, hasAnswers: id => hasAnswers(deps, id) }, id)
}

async function runClaimedJob(deps: WorkerDeps, adapter: Adapter, job: Job, delivery: Delivery): Promise<void> {
  deps.metrics.claims.inc()
  await failpoint('after-claim')
  deps.metrics.activeJobs.inc()
  const outcome = await runJob(deps, adapter, job, delivery).finally(() => deps.metrics.activeJobs.dec())
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
  ids: { connection: string; reason: string; generation?: string },
): void {
  log.warn(ids, 'message_discarded')
  metrics.poisonMessages.inc()
  delivery.term()
}
