import type { ConnectionKind } from '@darkroom/contracts/connection-kinds'
import type { Transaction } from '../database/connection.ts'

/**
 * Returns an id that no connection has, or had, because generations name those of removed ones: the kind, or the kind with a number. The
 * caller has locked the table.
 */
export async function findFreeId(tx: Transaction, kind: ConnectionKind): Promise<string> {
  const rows = await tx<{ id: string }[]>`select id from connections where id ~ ${`^${kind}(-[0-9]+)?$`}`
  const used = new Set(rows.map(({ id }) => id))
  const candidates = Array.from({ length: used.size + 1 }, (_, index) => (index === 0 ? kind : `${kind}-${index + 1}`))
  return candidates.find(id => !used.has(id)) ?? kind
}
