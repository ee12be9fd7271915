import { publicError } from '@darkroom/contracts/failures'
import { objectKeys } from '@darkroom/contracts/previews'
import { type Database, transaction } from '@darkroom/infra/database/connection'
import { SafeGetError } from '@darkroom/infra/http/safe-get/safe-get'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { ProcessorMetrics } from '../metrics.ts'
import type { StoredOutput } from '../outputs/output-rows.ts'
import { type StoreOutputDeps, storeOutput } from '../outputs/store-output.ts'
import { StoreOutputError } from '../outputs/store-output-error.ts'
import type { ProviderOutput } from '../providers/provider.ts'
import { runPollLoop } from './poll-loop.ts'
import { isLost, nextRehostDelay } from './rehost-policy.ts'
import {
  countRehosts,
  deleteObsoleteRehost,
  markLost,
  markRehosted,
  postponeRehost,
  type Rehost,
  takeRehost,
} from './rehost-rows.ts'
import { scheduleRemovals } from './removal-rows.ts'

export interface RehostDeps extends StoreOutputDeps {
  database: Database
  log: Log
  metrics: ProcessorMetrics
  /** Aborted when the process is to stop; what is being tried is given back. */
  signal: AbortSignal
  /** Outputs tried for at once: few, as people's own work goes before. */
  concurrency?: number
  /** Between two looks, on average, in milliseconds. */
  pollMs?: number
  /** The longest pause after a first try that failed, in milliseconds. */
  baseMs?: number
}

const CONCURRENCY = 2
const POLL_MS = 1_000
const BASE_MS = 30_000
/** Longer than the fetch alone may take; what is longer still is our own slowness. */
const TRY_TIMEOUT_MS = 420_000
const VISIBILITY_TIMEOUT_SECONDS = 480
const LOST = publicError('lost')

/**
 * Brings outputs home that are only at their provider, until the signal is aborted: each is tried for until it is stored or
 * can be had no more. Any number of processes may do so.
 */
export async function runRehosts(deps: RehostDeps): Promise<void> {
  const { concurrency = CONCURRENCY, pollMs = POLL_MS, log, signal } = deps
  const options = { name: 'rehost', pollMs, log, signal }
  await Promise.all([
    ...Array.from({ length: concurrency }, () => runPollLoop(options, () => rehostNext(deps))),
    runPollLoop({ ...options, name: 'count_rehosts', pollMs: 10 * pollMs }, () => updateRehostGauge(deps)),
  ])
}

async function updateRehostGauge({ database, metrics }: RehostDeps): Promise<boolean> {
  metrics.rehostsWaiting.set(await countRehosts(database))
  return false
}

async function rehostNext(deps: RehostDeps): Promise<boolean> {
  const rehost = await takeRehost(deps.database, VISIBILITY_TIMEOUT_SECONDS)
  if (!rehost) return false
  const output = toProviderOutput(rehost)
  await (output ? rehostOne(deps, rehost, output) : transaction(deps.database, tx => deleteObsoleteRehost(tx, rehost)))
  return true
}

function toProviderOutput({ index, state, url, headers }: Rehost): ProviderOutput | undefined {
  if (state !== 'temporary' || url === null) return undefined
  return { index, kind: 'url', url, expiresAt: null, ...(headers ? { headers } : {}) }
}

async function rehostOne(deps: RehostDeps, rehost: Rehost, output: ProviderOutput): Promise<void> {
  const { id, workspaceId, attempt, tries } = rehost
  const signal = AbortSignal.any([deps.signal, AbortSignal.timeout(TRY_TIMEOUT_MS)])
  try {
    // A name of its own for each try, which no attempt of a worker has: who is late writes over nobody's bytes.
    const target = { workspaceId, generationId: id, attempt: `${attempt}-${tries}` }
    await recordRehost(deps, rehost, await storeOutput(deps, target, output, signal))
  } catch (err) {
    if (deps.signal.aborted) return await postponeRehost(deps.database, rehost, 0)
    await onRehostError(deps, rehost, err)
  }
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
  const { id, index, tries } = rehost
  const failed = {
    ...rehost,
    failure: err instanceof StoreOutputError ? err.failure : ('store' as const),
    status: getHttpStatus(err),
  }
  if (!isLost(failed)) {
    deps.log.info({ err, id, index, tries }, 'output still only at its provider')
    return await postponeRehost(deps.database, rehost, nextRehostDelay(rehost, { base: deps.baseMs ?? BASE_MS }))
  }
  if (!(await transaction(deps.database, tx => markLost(tx, rehost, LOST)))) return
  deps.log.warn({ err, id, index, tries }, 'output lost')
  deps.metrics.lost.inc()
}

function getHttpStatus(err: unknown): number | null {
  const cause = err instanceof StoreOutputError ? err.cause : undefined
  return cause instanceof SafeGetError ? cause.status : null
}
