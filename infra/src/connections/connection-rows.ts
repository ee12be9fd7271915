import type { Connection, ConnectionState } from '@darkroom/contracts/connection'
import { getDefaultMaxOpenCalls, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { Queryable } from '../database/connection.ts'
import type { EncryptionKey } from './encryption-key.ts'
import { openKey } from './secret-box.ts'
import { selectSpentMicros } from './spending-rows.ts'

export interface ReadOptions {
  /** Tells whether a stored key can be opened here. */
  encryptionKey: EncryptionKey
  /** Slots of a connection whose row has no number. */
  defaultSlots: number
  /** Only this connection. */
  id?: string
}

type Row = Omit<Connection, 'key'> & {
  source: 'built-in' | 'environment' | 'stored'
  keySealed: Uint8Array | null
  createdAt: string
}

/** Seconds for which a connection counts as being checked: a check that takes longer is not being made by anybody. */
const CHECKING_SECONDS = 90

const KEY_UNREADABLE = 'Its key was stored with another encryption key. Enter it again.'

/** Reads the connections as users see them: without keys, drafts included, the built-in ones last. */
export async function readConnections(db: Queryable, options: ReadOptions): Promise<Connection[]> {
  const rows = await db<Row[]>`
    select c.id, c.kind, c.name, c.base_url as "baseUrl", c.source, c.variable, c.key_sealed as "keySealed",
      c.source <> 'stored' as locked, c.draft, ${selectState(db)} as state,
      coalesce(c.slots, ${options.defaultSlots}::int)::int as slots, c.max_open as "maxOpenCalls", c.budget_micros as "budgetMicros",
      c.assumed_micros as "assumedMicros", ${selectSpentMicros(db, db`c.id`)} as "spentMicros",
      c.failover_model as "failoverModel", coalesce(c.dialect, c.found_dialect) as dialect, timestamp_text(c.checked_at) as "checkedAt",
      c.check_result as "checkResult", timestamp_text(c.models_at) as "modelsAt", timestamp_text(c.created_at) as "createdAt",
      (select count(*)::int from models m where m.provider = c.id) as models
    from connections c where c.removed_at is null and (${options.id ?? null}::text is null or c.id = ${options.id ?? null})
    order by c.source = 'built-in', c.created_at, c.id`
  return rows.map(row => toConnection(row, options))
}

/** Returns the expression for the state of a connection `c`: a limit that has passed is none. */
function selectState(db: Queryable) {
  return db`case
    when c.check_requested_at > clock_timestamp() - make_interval(secs => ${CHECKING_SECONDS}) then '{"kind": "checking"}'
    when c.state ->> 'kind' = 'limited' and (c.state ->> 'until')::timestamptz < clock_timestamp() then '{"kind": "ok"}'
    else c.state end`
}

function toConnection({ source, keySealed, createdAt, ...rest }: Row, options: ReadOptions): Connection {
  const row = { ...rest, maxOpenCalls: rest.maxOpenCalls ?? getDefaultMaxOpenCalls(rest.kind) }
  const isUnreadable = keySealed !== null && !canOpenKey(options.encryptionKey, row.id, keySealed)
  const state: ConnectionState = isUnreadable
    ? { kind: 'wrong-key', since: row.checkedAt ?? createdAt, error: KEY_UNREADABLE }
    : row.state
  if (source === 'environment')
    return { ...row, state, key: row.state.kind === 'not-served' ? 'missing' : 'environment' }
  if (keySealed !== null) return { ...row, state, key: isUnreadable ? 'missing' : 'stored' }
  return { ...row, state, key: KIND_INFO[row.kind].key === 'required' ? 'missing' : 'none' }
}

function canOpenKey(encryptionKey: EncryptionKey, id: string, sealed: Uint8Array): boolean {
  try {
    openKey(encryptionKey, id, sealed)
    return true
  } catch {
    return false
  }
}
