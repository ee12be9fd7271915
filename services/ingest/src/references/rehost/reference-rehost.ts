import { LIMITS } from '@darkroom/contracts/limits'
import type { Activity } from '@darkroom/infra/database/activity'
import { readAll, SafeGetError, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { isRefusal } from '@darkroom/infra/http/safe-get/safe-get-error'
import { MediaError } from '@darkroom/infra/images/media-error'
import { RETRY_POLICIES, type RetryPolicy, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { InvalidImageError, type StoreImageDeps, storeImage } from '../../backfill/row-migration/store-image.ts'
import {
  deleteReferenceRehost,
  giveUpReferenceRehost,
  isReferredTo,
  postponeReferenceRehost,
  type ReferenceRehost,
  replaceReferences,
  takeReferenceRehost,
} from './reference-rehost-rows.ts'

export interface ReferenceRehostDeps extends StoreImageDeps {
  /** Absent: it polls as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  signal: AbortSignal
  /** `safeGet` unless a test replaces it. */
  get?: typeof safeGet
  /** Pauses between the tries for one address; `RETRY_POLICIES.rehost` unless given. */
  policy?: RetryPolicy
  /** Average time between two polls, in ms. */
  pollMs?: number
}

const CONCURRENCY = 2
const POLL_MS = 1_000
const FETCH_MS = 60_000
const TRY_TIMEOUT_MS = 240_000
const VISIBILITY_TIMEOUT_SECONDS = 300
/** Time for which an address that fails is tried. */
const MAX_AGE_SECONDS = 7 * 86_400
/** Responses by which a server says that there is no such image, or that it is not to be had any more. */
const GONE_STATUSES: readonly unknown[] = [401, 403, 404, 410]
const TRIES_UNTIL_GONE = 3

/**
 * Brings the references that generations have by address alone into the store, from the public internet only, until the signal is
 * aborted. Any number of processes may do so. One that cannot be had is given up, and stays as it is.
 */
export async function runReferenceRehosts(deps: ReferenceRehostDeps): Promise<void> {
  const { activity, log, signal, pollMs = POLL_MS } = deps
  const wait = activity && { wait: activity.wait }
  const options = { name: 'reference_rehost', policy: RETRY_POLICIES.maintenance, idleMs: pollMs, ...wait, log, signal }
  await Promise.all(Array.from({ length: CONCURRENCY }, () => runForever(options, () => rehostNext(deps))))
}

async function rehostNext(deps: ReferenceRehostDeps): Promise<'busy' | 'idle'> {
  const rehost = await takeReferenceRehost(deps.database, VISIBILITY_TIMEOUT_SECONDS)
  if (!rehost) return 'idle'
  try {
    await rehostOne(deps, rehost)
  } catch (error) {
    await onRehostError(deps, rehost, error)
  }
  return 'busy'
}

async function rehostOne(deps: ReferenceRehostDeps, rehost: ReferenceRehost): Promise<void> {
  const { database, get = safeGet } = deps
  const { workspaceId, url } = rehost
  if (!(await isReferredTo(database, rehost))) return await deleteReferenceRehost(database, rehost)
  const signal = AbortSignal.any([deps.signal, AbortSignal.timeout(TRY_TIMEOUT_MS)])
  // An imported address is nobody's own server: no private origin is allowed here.
  const response = await get(url, { maxBytes: LIMITS.referenceBytes, deadlineMs: FETCH_MS, signal })
  const bytes = await readAll(response, signal)
  const stored = await storeImage(deps, bytes, { workspaceId, dryRun: false, signal })
  if (await replaceReferences(database, rehost, stored)) await deleteReferenceRehost(database, rehost)
  else await postponeReferenceRehost(database, rehost, 0)
}

async function onRehostError(deps: ReferenceRehostDeps, rehost: ReferenceRehost, err: unknown): Promise<void> {
  const { database, log, signal, policy = RETRY_POLICIES.rehost } = deps
  if (signal.aborted) return await postponeReferenceRehost(database, rehost, 0)
  const { tries, workspaceId: workspace } = rehost
  if (!isGivenUp(err, rehost)) {
    log.info({ err, workspace, tries }, 'reference_rehost_postponed')
    return await postponeReferenceRehost(database, rehost, retryDelay(policy, tries))
  }
  await giveUpReferenceRehost(database, rehost, describeReason(err))
  log.warn({ err, workspace, tries }, 'reference_given_up')
}

/** Returns whether an address is not worth another try. Failures of our own store say nothing about it. */
function isGivenUp(error: unknown, { tries, age }: ReferenceRehost): boolean {
  // What was cut off on its way is whole the next time.
  if (error instanceof InvalidImageError) return !isDamaged(error) || tries >= TRIES_UNTIL_GONE
  if (!(error instanceof SafeGetError)) return false
  if (age > MAX_AGE_SECONDS) return true
  // A name that leads to a private address today may lead to a public one tomorrow.
  if (isRefusal(error) && error.code !== 'blocked-address') return true
  return GONE_STATUSES.includes(error.status) && tries >= TRIES_UNTIL_GONE
}

function isDamaged({ cause }: InvalidImageError): boolean {
  return cause instanceof MediaError && cause.reason === 'damaged'
}

function describeReason(error: unknown): string {
  return error instanceof InvalidImageError ? `The file ${error.message}.` : String((error as Error).message)
}
