import { objectKeys } from '@darkroom/contracts/previews'
import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { scheduleRemovals } from '@darkroom/infra/generations/object-removals'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { RETRY_POLICIES, type RetryPolicy } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { ProcessorMetrics } from '../metrics.ts'
import type { DownloadableOutput } from '../outputs/download.ts'
import type { StoredOutput } from '../outputs/output-rows.ts'
import { type StoreOutputDeps, storeOutput } from '../outputs/store-output.ts'
import { StoreOutputError } from '../outputs/store-output-error.ts'
import type { Connections } from '../providers/connections.ts'
import { describeFailure, getHttpStatus, isForbidden } from './rehost-failure.ts'
import { isLost, nextRehostDelay } from './rehost-policy.ts'
import {
  countRehosts,
  markLost,
  markRehosted,
  postponeRehost,
  type Rehost,
  recordRefusal,
  setRehostAside,
  takeRehost,
} from './rehost-rows.ts'

export interface RehostDeps extends Omit<StoreOutputDeps, 'access'> {
  /** Absent: outputs that need the key of a connection are not fetched. */
  connections?: Pick<Connections, 'find'>
  database: Database
  log: Log
  metrics: Pick<ProcessorMetrics, 'rehosted' | 'lost' | 'rehostsWaiting'>
  /** Aborted when the process is to stop; outputs that are being rehosted are due again at once. */
  signal: AbortSignal
  /** Absent: it polls as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  /** Outputs that are rehosted at once: few, because new generations have priority. */
  concurrency?: number
  /** Average time between two polls, in ms. */
  pollMs?: number
  /** Pauses between the tries for one output; `RETRY_POLICIES.rehost` unless given. */
  policy?: RetryPolicy
}

const CONCURRENCY = 2
const POLL_MS = 1_000
/** Longer than the time limit of the fetch: beyond that, the store or this machine is slow. */
const TRY_TIMEOUT_MS = 420_000
const VISIBILITY_TIMEOUT_SECONDS = 480

/**
 * Rehosts temporary outputs until the signal is aborted: each is tried again until it is stored or lost. Any number of
 * processes may do so.
 */
export async function runRehosts(deps: RehostDeps): Promise<void> {
  const { concurrency = CONCURRENCY, pollMs = POLL_MS, activity, log, signal } = deps
  const wait = activity && { wait: activity.wait }
  const options = { name: 'rehost', policy: RETRY_POLICIES.maintenance, idleMs: pollMs, ...wait, log, signal }
  await Promise.all([
    ...Array.from({ length: concurrency }, () => runForever(options, () => rehostNext(deps))),
    runForever({ ...options, name: 'count_rehosts', idleMs: 10 * pollMs }, () => updateRehostGauge(deps)),
  ])
}

async function updateRehostGauge({ database, metrics }: RehostDeps): Promise<'idle'> {
  metrics.rehostsWaiting.set(await countRehosts(database))
  return 'idle'
}

async function rehostNext(deps: RehostDeps): Promise<'busy' | 'idle'> {
  const rehost = await takeRehost(deps.database, VISIBILITY_TIMEOUT_SECONDS)
  if (!rehost) return 'idle'
  const output = toProviderOutput(rehost)
  await (output ? rehostOne(deps, rehost, output) : transaction(deps.database, tx => setRehostAside(tx, rehost)))
  return 'busy'
}

function toProviderOutput({ index, state, url, posterUrl, needsAuth }: Rehost): DownloadableOutput | undefined {
  if (state !== 'temporary' || url === null) return undefined
  return { index, kind: 'url', url, expiresAt: null, needsAuth, ...(posterUrl !== null && { posterUrl }) }
}

/** Without the key a provider may answer that there is no such output, and it would count as lost. */
const NOT_SERVED = 'its connection is not served by this process'

async function rehostOne(deps: RehostDeps, rehost: Rehost, output: DownloadableOutput): Promise<void> {
  const { id, workspaceId, attempt, tries, connection } = rehost
  const access = deps.connections?.find(connection)?.download?.()
  const signal = AbortSignal.any([deps.signal, AbortSignal.timeout(TRY_TIMEOUT_MS)])
  try {
    if (rehost.needsAuth && !access) throw new StoreOutputError('retryable', { cause: new Error(NOT_SERVED) })
    // Each try has a key of its own, which no worker's attempt has: a late try overwrites no object.
    const target = { workspaceId, generationId: id, attempt: `${attempt}-${tries}` }
    const storeDeps = limitToPublic({ ...deps, access, isBackground: true }, rehost)
    await recordRehost(deps, rehost, await storeOutput(storeDeps, target, output, signal))
  } catch (err) {
    if (deps.signal.aborted) return await postponeRehost(deps.database, rehost, 0)
    await onRehostError(deps, rehost, err)
  }
}

/** Removes the provider's private addresses, and its key, from the fetch of a URL that no call of this studio was answered with. */
function limitToPublic(deps: StoreOutputDeps, { isFromCall }: Rehost): StoreOutputDeps {
  return isFromCall ? deps : { ...deps, access: undefined, allowOrigins: [] }
}

async function recordRehost(deps: RehostDeps, rehost: Rehost, stored: StoredOutput): Promise<void> {
  await failpoint('before-rehost')
  const isRecorded = await transaction(deps.database, async tx => {
    if (await markRehosted(tx, rehost, stored)) return true
    await scheduleRemovals(tx, objectKeys(stored.key))
    return false
  })
  if (isRecorded) deps.metrics.rehosted.inc()
}

async function onRehostError(deps: RehostDeps, rehost: Rehost, err: unknown): Promise<void> {
  const { id, index, tries, attempt } = rehost
  const ids = { generation: id, attempt, output: index, tries }
  const failed = {
    ...rehost,
    failure: err instanceof StoreOutputError ? err.failure : ('store' as const),
    status: getHttpStatus(err),
    isForbidden: isForbidden(rehost, err),
  }
  const error = describeFailure(err)
  if (!isLost(failed)) {
    deps.log.info({ err, ...ids }, 'rehost_postponed')
    if (failed.failure === 'refused' || failed.failure === 'unusable')
      await transaction(deps.database, tx => recordRefusal(tx, rehost, error))
    return await postponeRehost(deps.database, rehost, nextRehostDelay(rehost, deps.policy))
  }
  if (!(await transaction(deps.database, tx => markLost(tx, rehost, error)))) return
  deps.log.warn({ err, ...ids }, 'output_lost')
  deps.metrics.lost.inc()
}
