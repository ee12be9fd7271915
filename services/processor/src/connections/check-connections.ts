import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { type Adapter, type ConnectionCheck, ProviderError } from '../providers/adapter.ts'
import type { ConnectionRow } from './connection-rows.ts'
import { toStateChange } from './connection-state.ts'
import { claimCheck, recordCheck } from './connection-state-rows.ts'
import type { ModelRefresher } from './refresh-models.ts'

export interface CheckDeps {
  database: Database
  log: Log
  signal: AbortSignal
  refresher: Pick<ModelRefresher, 'refresh'>
}

const CHECK_TIMEOUT_MS = 20_000

/**
 * Makes the checks that users have requested, side by side and without waiting for them: a provider that does not respond delays no
 * other. A check costs nothing at the provider.
 *
 * @param find returns the adapter of a connection, where this process has its key
 * @returns the connections that are being checked
 */
export async function checkConnections(
  deps: CheckDeps,
  due: readonly ConnectionRow[],
  find: (row: ConnectionRow) => Adapter | undefined,
): Promise<Set<string>> {
  const checked = new Set<string>()
  for (const row of due) {
    const adapter = find(row)
    const requestedAt = adapter && (await claimCheck(deps.database, row.id))
    if (!adapter || requestedAt === undefined) continue
    checked.add(row.id)
    const onError = (err: unknown) => deps.log.warn({ err, connection: row.id }, 'connection_check_failed')
    void checkOne(deps, row, adapter, requestedAt).catch(onError)
  }
  return checked
}

async function checkOne(deps: CheckDeps, row: ConnectionRow, adapter: Adapter, requestedAt: string): Promise<void> {
  const check = await runCheck(adapter, AbortSignal.any([deps.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]))
  deps.signal.throwIfAborted()
  // Listed before the result is published, so that a user who reads that it works finds the models.
  if (check.ok && !row.draft) await deps.refresher.refresh(adapter)
  await transaction(deps.database, tx =>
    recordCheck(tx, row.id, {
      requestedAt,
      revision: row.revision,
      state: check.ok ? { kind: 'ok' } : toStateChange(check.error),
      result: check.ok ? check.note : check.error.message,
      dialect: check.ok ? (check.dialect ?? null) : null,
    }),
  )
}

async function runCheck(adapter: Adapter, signal: AbortSignal): Promise<ConnectionCheck> {
  try {
    return await adapter.checkConnection(signal)
  } catch (cause) {
    const error = cause instanceof ProviderError ? cause : new ProviderError('provider_misbehaved', { cause })
    return { ok: false, error }
  }
}
