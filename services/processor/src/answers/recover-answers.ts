import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'
import { recordReceipt } from '../generate/call-cost-rows.ts'
import { toIdempotencyKey } from '../generate/call-name.ts'
import { getOutputIndices } from '../generate/plan.ts'
import { canRecover, findLostCall } from '../generate/recover-call.ts'
import { type Adapter, ProviderError } from '../providers/adapter.ts'
import type { Connections } from '../providers/connections.ts'
import { gatherReceipt } from '../providers/gather-receipt.ts'
import {
  noteRequestId,
  type RecordedCall,
  type RecordedOpenCall,
  readRecordedCall,
  renewHost,
  reopenForAnswer,
} from './call-rows.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { readReceipt, settleCost, settleMadeCall } from './settle-cost.ts'

export interface RecoverDeps {
  database: Database
  log: Log
  journal: Journal
  callsInFlight: Pick<CallsInFlight, 'list'>
  connections: Pick<Connections, 'find' | 'findModel'>
  stopping: AbortSignal
  /** Works on a generation whose answer is in this journal, unless a worker does. */
  runJob: (adapter: Adapter, id: string) => Promise<void>
  /** In a quiet studio the runs are rarer. */
  activity?: Pick<Activity, 'wait'>
  /** Time between two runs, in ms; 10,000 unless given. */
  intervalMs?: number
}

const INTERVAL_MS = 10_000

/**
 * Brings the rows up to what the journal has, until `stopping` is aborted: notes request ids that were not noted, has answers
 * read whose worker is gone, and reopens generations that ended before their answer was found. Without an entry it does nothing.
 */
export async function recoverAnswers(deps: RecoverDeps): Promise<void> {
  const { log, stopping, intervalMs = INTERVAL_MS } = deps
  const memory = { reopened: new Set<string>(), settled: new Set<string>() }
  let hasEntries = false
  const wait = deps.activity?.wait ?? sleep
  const options = { policy: RETRY_POLICIES.recoverAnswers, log, signal: stopping, idleMs: intervalMs, wait }
  // In a loop of its own: an answer may take long to be stored, and other hosts must not take this one for silent.
  const renewing = runForever({ ...options, name: 'renew_host' }, async () => {
    if (hasEntries || deps.callsInFlight.list().length > 0) await renewHost(deps.database, deps.journal.id)
    return 'idle'
  })
  await runForever({ ...options, name: 'recover_answers' }, async () => {
    const entries = await deps.journal.list()
    hasEntries = entries.length > 0
    for (const entry of entries) {
      const ids = { generation: entry.generationId, call: entry.call, attempt: entry.attempt }
      // One answer that cannot be recovered must not block the others.
      await recoverEntry({ ...deps, ...memory }, entry).catch(err => log.warn({ err, ...ids }, 'answer_not_recovered'))
      if (stopping.aborted) break
    }
    return 'idle'
  })
  await renewing
}

interface EntryDeps extends RecoverDeps {
  /** Calls whose generations this process has reopened. One that ends without the answer again has one that cannot be read. */
  reopened: Set<string>
  /** Calls of cancelled generations whose cost this process has recorded. */
  settled: Set<string>
}

async function recoverEntry(deps: EntryDeps, entry: JournalEntry): Promise<void> {
  if (entry.state === 'in-flight' || entry.state === 'unreadable') return
  const recorded = await readRecordedCall(deps.database, entry)
  // The database may be an older copy: only a row may say that an answer is not needed.
  if (recorded.state === 'none' && entry.state === 'answered') return
  const isNeeded = 'requestId' in recorded && recorded.state !== 'settled' && recorded.requestId === null
  if (!isNeeded) return await onSettled(deps, entry, recorded)
  if (entry.state === 'unanswered') return await onUnanswered(deps, entry, recorded)
  // What is there of it was read when its generation ended.
  if (entry.state === 'answered' && !entry.ended && recorded.state === 'missed') return
  await onAnswer(deps, entry, recorded)
}

/** Removes an entry whose outputs are not needed any more, once its bill is known. */
async function onSettled(
  { database, journal, connections, stopping }: RecoverDeps,
  entry: JournalEntry,
  recorded: RecordedCall,
): Promise<void> {
  const adapter = connections.find(entry.provider)
  const isMade = recorded.state === 'settled' && recorded.requestId === null
  if (isMade && entry.state === 'answered' && adapter) {
    const { isWhole, receipt } = await readReceipt(adapter, entry, stopping)
    await settleMadeCall(database, entry, isWhole ? 'finished' : 'unknown', receipt)
  }
  await journal.remove(entry)
}

/** Removes an entry that is known to have no answer, once its generation has ended. */
async function onUnanswered(
  deps: RecoverDeps,
  entry: Extract<JournalEntry, { state: 'unanswered' }>,
  { state, ageSeconds }: RecordedOpenCall,
): Promise<void> {
  if (!entry.ended || state === 'open') return
  if (state === 'cancelled') await settleLostCall(deps, entry, ageSeconds)
  await deps.journal.remove(entry)
}

/**
 * Finds out what became of a call of a cancelled generation whose answer was lost. One that the provider has is cancelled there, once
 * its request id is noted.
 */
async function settleLostCall(
  { database, connections, stopping }: RecoverDeps,
  entry: JournalEntry,
  ageSeconds: number,
): Promise<void> {
  const adapter = connections.find(entry.provider)
  const isFindable = adapter !== undefined && canRecover(adapter, connections.findModel(entry.model))
  const idempotencyKey = toIdempotencyKey(entry.generationId, entry.call)
  const found = isFindable ? await findLostCall(adapter, { idempotencyKey, ageSeconds }, stopping) : undefined
  if (found?.kind === 'found') return void (await noteRequestId(database, entry, found.handle))
  await settleCost(database, entry, found?.kind === 'never-taken' ? 'not-billed' : 'unknown')
}

async function onAnswer(deps: EntryDeps, entry: JournalEntry, recorded: RecordedOpenCall): Promise<void> {
  const { state } = recorded
  const adapter = deps.connections.find(entry.provider)
  if (!adapter) return
  if (entry.state === 'refused' && state !== 'open') {
    if (state === 'cancelled') await settleCost(deps.database, entry, 'not-billed')
    return await deps.journal.remove(entry)
  }
  // Before its id is noted and the entry removed: from then on nothing shows that the answer was missed.
  if (state === 'missed') await reopenOnce(deps, entry)
  if (entry.state === 'answered' && (await noteIfAccepted(deps, adapter, entry, recorded)))
    await deps.journal.remove(entry)
  if (state !== 'cancelled') return await deps.runJob(adapter, entry.generationId)
  if (entry.state === 'answered') await settleOnce(deps, adapter, entry)
}

/** Records the cost of a call that was made for a generation that was cancelled meanwhile, once in each process. */
async function settleOnce(
  { database, settled, stopping }: EntryDeps,
  adapter: Adapter,
  entry: Extract<JournalEntry, { state: 'answered' }>,
): Promise<void> {
  const name = toName(entry)
  if (settled.has(name)) return
  const { isWhole, receipt } = await readReceipt(adapter, entry, stopping)
  await settleCost(database, entry, isWhole ? 'failed' : 'unknown', receipt)
  settled.add(name)
}

/** Reopens a generation for an answer, once in each process: a newer version may read what this one cannot. */
async function reopenOnce({ database, reopened }: EntryDeps, entry: JournalEntry): Promise<void> {
  const name = toName(entry)
  if (reopened.has(name)) return
  if (await reopenForAnswer(database, entry)) reopened.add(name)
}

function toName({ generationId, call, attempt }: JournalEntry): string {
  return `${generationId} ${call} ${attempt}`
}

/** Notes the request id of an answer that has one, and what else it reports. @returns whether it has one and it is noted */
async function noteIfAccepted(
  { database, stopping }: RecoverDeps,
  { submitting }: Adapter,
  entry: Extract<JournalEntry, { state: 'answered' }>,
  call: RecordedOpenCall,
): Promise<boolean> {
  if (submitting.kind !== 'remote') return false
  const { receipt, onReceipt } = gatherReceipt()
  const options = { model: entry.model, indices: getOutputIndices(call), signal: stopping, onReceipt }
  const read = await submitting.readAnswer(entry.answer, options).catch(error => {
    if (error instanceof ProviderError) return undefined
    throw error
  })
  if (read?.kind !== 'accepted') return false
  return await transaction(database, async tx => {
    await recordReceipt(tx, entry, receipt)
    return await noteRequestId(tx, entry, read.handle)
  })
}
