import type { Database } from '@darkroom/infra/database/connection'
import { readStudioState } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { Store } from '@darkroom/infra/store/store'
import { markStore } from '@darkroom/infra/store/studio-mark'
import type { ProcessorMetrics } from '../../metrics.ts'
import { findGarbage, namesMost } from './find-garbage.ts'
import { type AgeOptions, advanceSweep, claimSweep, finishSweep, readCutoff, scheduleGarbage } from './garbage-rows.ts'

export interface SweepDeps extends AgeOptions {
  database: Database
  store: Pick<Store, 'get' | 'list' | 'put' | 'removeUnfinished'>
  log: Log
  metrics: Pick<ProcessorMetrics, 'garbageListed' | 'garbageScheduled'>
}

/** Average time between two looks whether a sweep is due, in ms; with the jitter at least a quarter of an hour. */
const IDLE_MS = 30 * 60_000
/** Time that an object without a row is retained: an upload may be storing it again, and a row may name it by then. */
const REMOVE_AFTER_SECONDS = 3_600

/**
 * Looks through the store about once a day, until the signal is aborted, for objects that no row names: those of processes that were
 * killed between an upload and its row. Their removal is scheduled, and looks once more. Any number of processes may do so.
 */
export async function runGarbageSweeps(deps: SweepDeps & { signal: AbortSignal }): Promise<void> {
  const { log, signal } = deps
  const options = { name: 'garbage_sweep', policy: RETRY_POLICIES.maintenance, idleMs: IDLE_MS, log, signal }
  await runForever(options, async () => ((await sweepNextPage(deps)) ? 'busy' : 'idle'))
}

/** Looks through the next page of the store if a sweep is due. @returns whether the sweep goes on */
export async function sweepNextPage(deps: SweepDeps): Promise<boolean> {
  const { database, store, log, metrics } = deps
  const claimed = await claimSweep(database)
  if (!claimed) return false
  if (claimed.cursor === null && !(await mayBegin(deps))) return await endSweep(deps)
  const before = await readCutoff(database, deps)
  const page = await findGarbage({ database, store }, { after: claimed.cursor, before })
  if (page.isSuspicious) {
    log.error({ listed: page.listed, unnamed: page.garbage.length }, 'garbage_sweep_refused')
    return await endSweep(deps)
  }
  const scheduled = await transaction(database, async tx => {
    const keys = await scheduleGarbage(
      tx,
      page.garbage.map(({ key }) => key),
      REMOVE_AFTER_SECONDS,
    )
    const bytes = page.garbage.reduce((sum, { key, bytes }) => sum + (keys.has(key) ? bytes : 0), 0)
    const position = { from: claimed.cursor, to: page.last, isLast: page.isLast }
    await advanceSweep(tx, position, { listed: page.listed, scheduled: keys.size, bytes })
    return keys.size
  })
  metrics.garbageListed.inc(page.listed)
  metrics.garbageScheduled.inc(scheduled)
  if (!page.isLast) return true
  const unfinished = await store.removeUnfinished(before)
  log.info({ ...(await finishSweep(database)), unfinished }, 'garbage_swept')
  return false
}

/** Returns whether what no row names may be garbage: not in a copy whose original may still run, nor in another studio's store. */
async function mayBegin({ database, store, log }: SweepDeps): Promise<boolean> {
  const studio = await readStudioState(database)
  if (studio.mode === 'restored') return false
  const state = await markStore(store, { studioId: studio.id, namesMost: keys => namesMost(database, keys) })
  if (state !== 'own') log.warn({ studio: studio.id, store: state }, 'garbage_sweep_refused')
  return state === 'own'
}

async function endSweep({ database }: SweepDeps): Promise<false> {
  await finishSweep(database)
  return false
}
