import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'
import { type Provider, ProviderError } from '../providers/provider.ts'
import { noteRequestId, readRecordedCall, renewHost, reopenForAnswer } from './call-rows.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import type { Journal, JournalEntry } from './journal.ts'

export interface RecoverDeps {
  database: Database
  log: Log
  journal: Journal
  callsInFlight: Pick<CallsInFlight, 'list'>
  providers: readonly Provider[]
  stopping: AbortSignal
  /** Works on a generation whose answer is in this journal, unless a worker does. */
  runJob: (provider: Provider, id: string) => Promise<void>
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
  const reopened = new Set<string>()
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
      await recoverEntry({ ...deps, reopened }, entry).catch(err => log.warn({ err, ...ids }, 'answer_not_recovered'))
      if (stopping.aborted) break
    }
    return 'idle'
  })
  await renewing
}

interface EntryDeps extends RecoverDeps {
  /** Calls whose generations this process has reopened. One that ends without the answer again has one that cannot be read. */
  reopened: Set<string>
}

async function recoverEntry(deps: EntryDeps, entry: JournalEntry): Promise<void> {
  if (entry.state === 'in-flight' || entry.state === 'unreadable') return
  const recorded = await readRecordedCall(deps.database, entry)
  // The database may be an older copy: only a row may say that an answer is not needed.
  if (recorded.state === 'none' && entry.state === 'answered') return
  const isNeeded = 'requestId' in recorded && recorded.state !== 'settled' && recorded.requestId === null
  if (!isNeeded) return await deps.journal.remove(entry)
  if (entry.state === 'unanswered') return await onUnanswered(deps, entry, recorded.state)
  // What is there of it was read when its generation ended.
  if (entry.state === 'answered' && !entry.ended && recorded.state === 'missed') return
  await onAnswer(deps, entry, recorded.state)
}

/** Removes an entry that is known to have no answer, once its generation has ended. */
async function onUnanswered({ journal }: RecoverDeps, entry: JournalEntry, state: string): Promise<void> {
  if (entry.state === 'unanswered' && entry.ended && state !== 'open') await journal.remove(entry)
}

async function onAnswer(deps: EntryDeps, entry: JournalEntry, state: string): Promise<void> {
  const provider = deps.providers.find(({ name }) => name === entry.provider)
  if (!provider) return
  if (entry.state === 'refused' && state !== 'open') return await deps.journal.remove(entry)
  // Before its id is noted and the entry removed: from then on nothing shows that the answer was missed.
  if (state === 'missed') await reopenOnce(deps, entry)
  if (entry.state === 'answered' && (await noteIfAccepted(deps, provider, entry))) await deps.journal.remove(entry)
  if (state !== 'cancelled') await deps.runJob(provider, entry.generationId)
}

/** Reopens a generation for an answer, once in each process: a newer version may read what this one cannot. */
async function reopenOnce({ database, reopened }: EntryDeps, entry: JournalEntry): Promise<void> {
  const name = `${entry.generationId} ${entry.call} ${entry.attempt}`
  if (reopened.has(name)) return
  if (await reopenForAnswer(database, entry)) reopened.add(name)
}

/** Notes the request id of an answer that has one. @returns whether it has one and it is noted */
async function noteIfAccepted(
  { database, stopping }: RecoverDeps,
  { submitting }: Provider,
  entry: Extract<JournalEntry, { state: 'answered' }>,
): Promise<boolean> {
  if (submitting.kind !== 'remote') return false
  const options = { model: entry.model, indices: [], signal: stopping }
  const read = await submitting.readAnswer(entry.answer, options).catch(error => {
    if (error instanceof ProviderError) return undefined
    throw error
  })
  if (read?.kind !== 'accepted') return false
  return await transaction(database, tx => noteRequestId(tx, entry, read.requestId))
}
