import type { BackfillFailure } from '@darkroom/contracts/history/backfill'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import type { Store } from '@darkroom/infra/store/store'
import pLimit from 'p-limit'
import { findManifestEntries, type ManifestEntry } from './row-migration/manifest-rows.ts'

export interface VerifyResult {
  processed: number
  bytes: number
  failures: BackfillFailure[]
  cursor: string | null
  ended: 'full' | 'end'
}

interface VerifyDeps {
  database: Database
  store: Pick<Store, 'get'>
  log: Log
  signal: AbortSignal
}

const READ_TIMEOUT_MS = 60_000

/** Reads the next images of a manifest back and compares each with its recorded hash and size. */
export async function verifyBatch(
  deps: VerifyDeps,
  options: { runId: string | null; cursor: string | null; limit: number; concurrency: number },
): Promise<VerifyResult> {
  const entries = await findManifestEntries(deps.database, options)
  const limit = pLimit(options.concurrency)
  const failures = await Promise.all(entries.map(entry => limit(() => verifyEntry(deps, entry))))
  return {
    processed: entries.length,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    failures: [...Map.groupBy(failures.flat(), ({ id }) => id).values()].flatMap(mergeFailures),
    cursor: entries.at(-1)?.cursor ?? options.cursor,
    ended: entries.length < options.limit ? 'end' : 'full',
  }
}

/** Merges the failures of one generation: a run has at most one failure for each. */
function mergeFailures([first, ...others]: BackfillFailure[]): BackfillFailure[] {
  if (!first) return []
  return [{ ...first, reason: [first, ...others].map(({ reason }) => reason).join('; ') }]
}

async function verifyEntry(deps: VerifyDeps, entry: ManifestEntry): Promise<BackfillFailure[]> {
  const createFailure = (reason: string, temporary: boolean) => [{ id: entry.generationId, reason, temporary }]
  try {
    const checksum = await readChecksum(deps, entry.key)
    if (!checksum) return createFailure(`${entry.key} is not in the store`, false)
    if (checksum.bytes === entry.bytes && checksum.sha256 === entry.sha256) return []
    return createFailure(`${entry.key} is not what was moved there`, false)
  } catch {
    deps.signal.throwIfAborted()
    return createFailure(`${entry.key} could not be read right now`, true)
  }
}

async function readChecksum({ store, log, signal }: VerifyDeps, key: string) {
  const work = () =>
    withDeadline(computeChecksum(store, key), { milliseconds: READ_TIMEOUT_MS, operation: `reading ${key} back` })
  const onRetry = (err: unknown, failures: number) => log.debug({ err, key, failures }, 'store_call_failed')
  return await retry(work, { policy: RETRY_POLICIES.backfillStore, signal, onRetry })
}

async function computeChecksum(
  store: Pick<Store, 'get'>,
  key: string,
): Promise<{ bytes: number; sha256: string } | null> {
  const found = await store.get(key)
  if (!found) return null
  const hash = new Bun.CryptoHasher('sha256')
  let bytes = 0
  for await (const chunk of found.body instanceof Blob ? found.body.stream() : found.body) {
    hash.update(chunk)
    bytes += chunk.byteLength
  }
  return { bytes, sha256: hash.digest('hex') }
}
