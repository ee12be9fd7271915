import { isDataError, isTransientDbError } from '@darkroom/infra/database/errors'
import { readErrorCode } from '@darkroom/infra/runtime/error-code'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import { sleep } from '@darkroom/infra/runtime/timers'
import { collectBatches } from './collect-batches.ts'
import type { ImportEntry, ImportSource } from './entry.ts'
import { deriveGenerationId, toClientId } from './import-ids.ts'
import { findImported, insertBatch } from './import-rows.ts'
import { type ImportRecord, RecordError } from './record.ts'
import type { ImportLog } from './report.ts'
import { type Candidate, type OutputDeps, type PreparedImport, prepareOutputs } from './store-outputs.ts'

export interface ImportDeps extends OutputDeps {
  log: Pick<ImportLog, 'add' | 'addFailure'>
}

/** `seen`: the client ids that a dry run has inserted and taken back, as numbers: there may be millions. */
interface BatchDeps extends ImportDeps {
  seen: Set<number>
}

/** Most records of a transaction, and the memory of records above which a batch ends. */
const BATCH_LIMITS = { items: 200, bytes: 16 * 1024 * 1024 }
const RETRY_POLICY = RETRY_POLICIES.bulkBatch

/**
 * Imports the generations of a source in batches. One that was imported before stays as it is, and nothing is stored for it; one that
 * cannot be imported is logged, and the others are imported. The next batch is read while one is written.
 *
 * @throws what ends the import: the database is away for longer than it is tried, the store fails, the source cannot be read on
 */
export async function importSource(deps: ImportDeps, source: Pick<ImportSource, 'entries'>): Promise<void> {
  let running = Promise.resolve()
  const batchDeps = { ...deps, seen: new Set<number>() }
  try {
    for await (const batch of collectBatches(source.entries, BATCH_LIMITS, countBytes)) {
      await running
      deps.signal.throwIfAborted()
      running = importBatch(batchDeps, batch)
      // An error is thrown by the next `await`.
      running.catch(() => {})
    }
  } finally {
    await running
  }
}

function countBytes(entry: ImportEntry): number {
  return 'record' in entry ? (entry.bytes ?? 0) : 0
}

/** Imports a batch. What cannot be imported is logged in the order of the source, whatever found it out. */
async function importBatch(deps: BatchDeps, entries: readonly ImportEntry[]): Promise<void> {
  const failures = new Map<string, RecordError>()
  const add: ImportLog['add'] = (outcome, count) => deps.log.add(outcome, count)
  const addFailure: ImportLog['addFailure'] = (name, error) => failures.set(name, error)
  try {
    await importEntries({ ...deps, log: { add, addFailure } }, entries)
  } finally {
    for (const { name } of entries) {
      const error = failures.get(name)
      if (error) deps.log.addFailure(name, error)
      // A name that is there twice is that of one failure.
      failures.delete(name)
    }
  }
}

async function importEntries(deps: BatchDeps, entries: readonly ImportEntry[]): Promise<void> {
  const { database, identity, signal, log } = deps
  const unique = listCandidates(deps, entries)
  const clientIds = unique.map(({ clientId }) => clientId)
  const findKnown = () => findImported(database, identity.workspaceId, clientIds)
  const known = await retry(findKnown, { policy: RETRY_POLICY, signal, isRetryable: isTransientDbError })
  const unknown = unique.filter(({ clientId }) => !known.has(clientId) && !deps.seen.has(toNumber(clientId)))
  log.add('known', unique.length - unknown.length)
  await insertPrepared(deps, await prepareOutputs(deps, unknown))
}

/** Returns the records of a batch, of those with the same id the first. */
function listCandidates({ identity, log }: ImportDeps, entries: readonly ImportEntry[]): Candidate[] {
  const candidates = new Map<string, Candidate>()
  for (const entry of entries) {
    if ('error' in entry) {
      log.addFailure(entry.name, entry.error)
      continue
    }
    const candidate = toCandidate(entry, identity.workspaceId)
    if (candidates.has(candidate.clientId)) log.add('known', 1)
    else candidates.set(candidate.clientId, candidate)
  }
  return [...candidates.values()]
}

function toCandidate({ name, record }: { name: string; record: ImportRecord }, workspaceId: string): Candidate {
  const clientId = toClientId(record.externalId)
  return { name, record, clientId, id: deriveGenerationId(clientId, workspaceId, record.createdAt) }
}

/**
 * Inserts records, as many in a transaction as it takes: half as many after a value that the database rejects, until that record is
 * alone, and after a transaction that a busy machine did not finish; twice as many after a success.
 */
async function insertPrepared(deps: BatchDeps, prepared: readonly PreparedImport[]): Promise<void> {
  // Until there, records may have been inserted by a transaction of unknown outcome.
  let [size, failures, unknownUntil] = [prepared.length, 0, 0]
  for (let at = 0; at < prepared.length; ) {
    const part = prepared.slice(at, at + size)
    try {
      await insertPart(deps, part, at < unknownUntil)
      at += part.length
      size *= 2
      failures = 0
    } catch (error) {
      if (isRejectedValue(error)) {
        if (part.length === 1) at += logRejected(deps, part)
      } else if (isTransientDbError(error) && ++failures < RETRY_POLICY.tries) {
        unknownUntil = Math.max(unknownUntil, at + part.length)
        await sleep(retryDelay(RETRY_POLICY, failures), deps.signal)
      } else throw error
      size = Math.ceil(part.length / 2)
    }
  }
}

/** Inserts records in one transaction. After one of unknown outcome, those that are there already are those of that transaction. */
async function insertPart(deps: BatchDeps, part: readonly PreparedImport[], isRepeated: boolean): Promise<void> {
  const { database, isDryRun, signal, log } = deps
  const imports = part.map(({ newImport }) => newImport)
  const inserted = await insertBatch(database, imports, { isDryRun, signal })
  log.add('imported', isRepeated ? part.length : inserted)
  log.add('known', isRepeated ? 0 : part.length - inserted)
  if (isDryRun) for (const { newImport } of part) deps.seen.add(toNumber(newImport.clientId))
}

/** Returns a hash of an id that a number holds. */
function toNumber(clientId: string): number {
  return Number(BigInt.asUintN(53, BigInt(Bun.hash(clientId))))
}

function logRejected({ log }: ImportDeps, part: readonly PreparedImport[]): number {
  for (const { name } of part) log.addFailure(name, new RecordError('has a value that the database does not take'))
  return part.length
}

/** Returns whether the database rejects the values of a statement, or finds them too large (class 54). */
function isRejectedValue(error: unknown): boolean {
  return isDataError(error) || /^54[0-9A-Z]{3}$/.test(readErrorCode(error) ?? '')
}
