import { publicError } from '@darkroom/contracts/failures'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import { transaction } from '@darkroom/infra/database/connection'
import { backoff } from '@darkroom/infra/runtime/timers'
import { finish } from '../generate/finish-generation.ts'
import { type GenerateDeps, generate, type Outcome } from '../generate/generate.ts'
import type { Provider } from '../providers/provider.ts'
import type { WorkDeps } from '../worker.ts'
import { createLaneHealth } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { handBack, type Lease, LeaseLostError, letGo, withLease } from './lease.ts'
import { setWaiting } from './waiting-reason.ts'

const TOO_LONG = publicError('too_long')
/** For a model that the provider no longer lists. */
const UNLISTED = { outputsPerCall: 1, maxSeconds: 3_600 }

/** Works on a claimed generation, and says how its message ends. */
export async function workOn(deps: WorkDeps, provider: Provider, job: Job, delivery: Delivery): Promise<Outcome> {
  const tooLong = AbortSignal.timeout(deps.maxSeconds * 1_000)
  const options = {
    ...deps,
    job,
    beat: delivery.working,
    signal: AbortSignal.any([deps.giveBack, tooLong]),
    onStale: () => deps.measures.staleWrites.inc(),
    onHeld: (recheck: () => void) => deps.held.add(job.id, recheck),
  }
  return await withLease(options, async lease => {
    try {
      return await generate(generateDeps(deps, provider, job), job, lease)
    } catch (err) {
      return await leaveBroken(deps, job, lease, err, tooLong.aborted)
    }
  })
}

function generateDeps(deps: WorkDeps, provider: Provider, job: Job): GenerateDeps {
  const { outputsPerCall, maxSeconds } = deps.catalogue.find(job.model) ?? UNLISTED
  return {
    ...deps,
    provider,
    health: createLaneHealth(deps.database, provider.name),
    planLimits: { outputsPerCall, free: provider.free, maxSubmits: deps.maxSubmits },
    maxCallSeconds: maxSeconds,
    onSubmit: () => deps.measures.submits.inc(),
  }
}

/** What becomes of a generation whose work broke off: somebody else's, handed back, failed, or tried again in a while. */
async function leaveBroken(deps: WorkDeps, job: Job, lease: Lease, err: unknown, tooLong: boolean): Promise<Outcome> {
  if (err instanceof LeaseLostError || lease.signal.reason instanceof LeaseLostError) {
    deps.log.warn({ id: job.id, attempt: job.attempt }, 'a generation was lost to another worker, or ended')
    return { kind: 'later', seconds: 0 }
  }
  if (tooLong) {
    await lease.write(tx => finish(tx, job, TOO_LONG))
    return { kind: 'ended' }
  }
  if (deps.giveBack.aborted) {
    await transaction(deps.database, tx => letGo(tx, job))
    return { kind: 'later', seconds: 0 }
  }
  return await tryAgain(deps, job, lease, err)
}

/** Something of our own broke: the store, the database, or this code. */
async function tryAgain(deps: WorkDeps, job: Job, lease: Lease, err: unknown): Promise<Outcome> {
  const seconds = 1 + backoff(job.failures, { base: 1_000, most: 30_000 }) / 1_000
  deps.log.error({ err, id: job.id }, 'work on a generation broke off')
  await lease.write(async tx => {
    await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
    await handBack(tx, job, seconds)
    await setWaiting(tx, job.id, null)
  })
  return { kind: 'later', seconds }
}
