import { selectReservedMicros } from '@darkroom/infra/connections/spending-rows'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

/** Reads what is reserved for the outputs of one generation that are still to be made, in micro-units of USD. */
export async function readReserved(db: Queryable, { id, workspaceId }: GenerationKey): Promise<number> {
  const [row] = await db<{ micros: number }[]>`
    select ${selectReservedMicros(db, db`g.id = ${id} and g.workspace_id = ${workspaceId}`)} as micros`
  return row?.micros ?? 0
}

/** The limits of a connection, in micro-units of USD. */
export interface ConnectionLimits {
  name: string
  budgetMicros: number | null
  /** Price of an output that counts where its model has none. */
  assumedMicros: number | null
}

/** Reads the limits of a connection; undefined if it has no row. */
export async function readLimits(db: Queryable, connection: string): Promise<ConnectionLimits | undefined> {
  const [row] = await db<ConnectionLimits[]>`
    select name, budget_micros as "budgetMicros", assumed_micros as "assumedMicros" from connections where id = ${connection}`
  return row
}

/** Waits until no other transaction is deciding about a budget, until this one ends. A later statement sees what the others wrote. */
export async function lockBudgets(tx: Transaction): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended('darkroom budgets', 0))`
}
