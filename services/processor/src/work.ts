import { GenerationQueued } from '@darkroom/contracts/events'
import { jobSubject, laneConsumer } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus'
import type { Delivery, Lane } from '@darkroom/infra/bus/lane'
import { type Database, transaction } from '@darkroom/infra/database'
import { backoff, sleep } from '@darkroom/infra/deadline'
import type { Log } from '@darkroom/infra/log'
import { claim } from './claim.ts'
import { finish } from './finish.ts'
import { type GenerateDeps, generate, type Outcome } from './generate.ts'
import type { Job } from './job.ts'
import { handBack, type Lease, LeaseLostError, withLease } from './lease.ts'
import type { ModelCatalogue } from './models.ts'
import type { Provider } from './providers/provider.ts'
import type { UploadDeps } from './upload.ts'

export interface WorkDeps extends UploadDeps {
  database: Database
  bus: Bus
  log: Log
  providers: readonly Provider[]
  catalogue: ModelCatalogue
  /** Generations worked on at once, a provider. */
  slots: number
  uploadConcurrency: number
  leaseSeconds: number
  /** Longest active work on one generation, in one attempt. */
  maxSeconds: number
  /** Aborted when no more work is to be taken. */
  stopping: AbortSignal
  /** Aborted when active work must be handed back. */
  giveBack: AbortSignal
}

const PULL_MS = 5_000
const MAX_FAILURES = 5
const TOO_LONG = { code: 'too_long', message: 'This took longer than the studio allows, and was stopped.' }

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
  const owner = `processor-${process.pid}`
  const taken = await claim({ ...deps, owner, maxFailures: MAX_FAILURES }, message.data.id)
  if (taken.kind === 'unknown') return refuse(deps, delivery, 'no such generation')
  if (taken.kind === 'nothing-to-do') return await delivery.ack()
  if (taken.kind === 'not-now') return delivery.later(taken.seconds * 1_000 + 50)
  const outcome = await workOn(deps, provider, taken.job, delivery)
  if (outcome.kind === 'ended') return await delivery.ack()
  delivery.later(outcome.seconds * 1_000)
}

function refuse({ log }: WorkDeps, delivery: Delivery, reason: string): void {
  log.warn({ reason }, 'message discarded')
  delivery.discard()
}

async function workOn(deps: WorkDeps, provider: Provider, job: Job, delivery: Delivery): Promise<Outcome> {
  const tooLong = AbortSignal.timeout(deps.maxSeconds * 1_000)
  const signal = AbortSignal.any([deps.giveBack, tooLong])
  const options = { ...deps, job, beat: delivery.working, signal }
  return await withLease(options, async lease => {
    try {
      return await generate(generateDeps(deps, provider, job), job, lease)
    } catch (err) {
      return await leaveBroken(deps, job, lease, err, tooLong.aborted)
    }
  })
}

function generateDeps(deps: WorkDeps, provider: Provider, job: Job): GenerateDeps {
  const { outputsPerCall } = deps.catalogue.find(job.model) ?? { outputsPerCall: 1 }
  return { ...deps, provider, outputsPerCall, maxFailures: MAX_FAILURES }
}

/** What becomes of a generation whose work broke off: somebody else's, handed back, failed, or tried again in a while. */
async function leaveBroken(deps: WorkDeps, job: Job, lease: Lease, err: unknown, tooLong: boolean): Promise<Outcome> {
  if (err instanceof LeaseLostError || lease.signal.reason instanceof LeaseLostError) {
    deps.log.warn({ id: job.id, attempt: job.attempt }, 'stale write refused')
    return { kind: 'later', seconds: 1 }
  }
  if (tooLong) {
    await lease.write(tx => finish(tx, job, TOO_LONG))
    return { kind: 'ended' }
  }
  if (deps.giveBack.aborted) {
    await transaction(deps.database, tx => handBack(tx, job, null))
    return { kind: 'later', seconds: 0 }
  }
  const seconds = 1 + backoff(job.failures, { base: 1_000, most: 30_000 }) / 1_000
  deps.log.error({ err, id: job.id }, 'work on a generation broke off')
  await lease.write(async tx => {
    await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
    await handBack(tx, job, seconds)
  })
  return { kind: 'later', seconds }
}
