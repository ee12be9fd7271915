import { publicError } from '@darkroom/contracts/failures'
import { objectsOf } from '@darkroom/contracts/previews'
import { type Database, transaction } from '@darkroom/infra/database/connection'
import { SafeGetError } from '@darkroom/infra/http/safe-get/safe-get'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Measures } from '../metrics.ts'
import type { KeptOutput } from '../outputs/output-rows.ts'
import { type KeepDeps, keepOutput } from '../outputs/store-output.ts'
import { KeepError } from '../outputs/store-output-error.ts'
import type { ProviderOutput } from '../providers/provider.ts'
import { repeat } from './poll-loop.ts'
import { isLost, pauseAfter } from './rehost-policy.ts'
import {
  countRehosts,
  dropRehost,
  markLost,
  markRehosted,
  putOffRehost,
  type Rehost,
  takeRehost,
} from './rehost-rows.ts'
import { listRemovals } from './removal-rows.ts'

export interface RehostDeps extends KeepDeps {
  database: Database
  log: Log
  measures: Measures
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
const TRY_MS = 420_000
const HIDDEN_SECONDS = 480
const LOST = publicError('lost')

/**
 * Brings outputs home that are only at their provider, until the signal is aborted: each is tried for until it is stored or
 * can be had no more. Any number of processes may do so.
 */
export async function runRehosts(deps: RehostDeps): Promise<void> {
  const { concurrency = CONCURRENCY, pollMs = POLL_MS, log, signal } = deps
  const options = { what: 'bringing outputs home', pollMs, log, signal }
  await Promise.all([
    ...Array.from({ length: concurrency }, () => repeat(options, () => rehostNext(deps))),
    repeat({ ...options, what: 'counting outputs', pollMs: 10 * pollMs }, () => count(deps)),
  ])
}

async function count({ database, measures }: RehostDeps): Promise<boolean> {
  measures.rehosts.set(await countRehosts(database))
  return false
}

async function rehostNext(deps: RehostDeps): Promise<boolean> {
  const rehost = await takeRehost(deps.database, HIDDEN_SECONDS)
  if (!rehost) return false
  const output = outputOf(rehost)
  await (output ? rehostOne(deps, rehost, output) : transaction(deps.database, tx => dropRehost(tx, rehost)))
  return true
}

function outputOf({ index, state, url, headers }: Rehost): ProviderOutput | undefined {
  if (state !== 'temporary' || url === null) return undefined
  return { index, kind: 'url', url, expiresAt: null, ...(headers ? { headers } : {}) }
}

async function rehostOne(deps: RehostDeps, rehost: Rehost, output: ProviderOutput): Promise<void> {
  const { id, workspaceId, attempt, tries } = rehost
  const signal = AbortSignal.any([deps.signal, AbortSignal.timeout(TRY_MS)])
  try {
    // A name of its own for each try, which no attempt of a worker has: who is late writes over nobody's bytes.
    const keep = { workspaceId, generationId: id, attempt: `${attempt}-${tries}` }
    await save(deps, rehost, await keepOutput(deps, keep, output, signal))
  } catch (err) {
    if (deps.signal.aborted) return await putOffRehost(deps.database, rehost, 0)
    await leave(deps, rehost, err)
  }
}

async function save(deps: RehostDeps, rehost: Rehost, kept: KeptOutput): Promise<void> {
  await failpoint('before-rehost')
  const isSaved = await transaction(deps.database, async tx => {
    if (await markRehosted(tx, rehost, kept)) return true
    await listRemovals(tx, objectsOf(kept.key))
    return false
  })
  if (isSaved) deps.measures.rehosted.inc()
}

async function leave(deps: RehostDeps, rehost: Rehost, err: unknown): Promise<void> {
  const { id, index, tries } = rehost
  const failed = {
    ...rehost,
    failure: err instanceof KeepError ? err.failure : ('store' as const),
    status: statusOf(err),
  }
  if (!isLost(failed)) {
    deps.log.info({ err, id, index, tries }, 'output still only at its provider')
    return await putOffRehost(deps.database, rehost, pauseAfter(rehost, { base: deps.baseMs ?? BASE_MS }))
  }
  if (!(await transaction(deps.database, tx => markLost(tx, rehost, LOST)))) return
  deps.log.warn({ err, id, index, tries }, 'output lost')
  deps.measures.lost.inc()
}

function statusOf(err: unknown): number | null {
  const cause = err instanceof KeepError ? err.cause : undefined
  return cause instanceof SafeGetError ? cause.status : null
}
