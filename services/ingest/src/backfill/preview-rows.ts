import type { Database, Transaction } from '@darkroom/infra/database/connection'

/** A stored reference whose previews are due. */
export interface DuePreview {
  id: string
  key: string
  bytes: number
  failures: number
}

const FIRST_DELAY_SECONDS = 5
const MAX_DELAY_SECONDS = 3_600

/** Returns whether any previews are due. */
export async function arePreviewsDue(database: Database): Promise<boolean> {
  const [row] = await database<{ isDue: boolean }[]>`
    select exists (select from previews_due where due_at <= clock_timestamp()) and not ${isMigrationRunning(database)} as "isDue"`
  return row?.isDue ?? false
}

/**
 * Locks the due preview that has waited the longest, and its reference against removal, until the transaction ends.
 *
 * @param options `milliseconds`: time that the transaction may be idle from now on
 */
export async function lockDuePreview(
  tx: Transaction,
  { milliseconds }: { milliseconds: number },
): Promise<DuePreview | undefined> {
  const [due] = await tx<DuePreview[]>`
    select i.id, i.key, i.bytes, d.failures,
           set_config('idle_in_transaction_session_timeout', ${String(milliseconds)}, true)
    from previews_due d join reference_images i on i.id = d.reference_id
    where d.due_at <= clock_timestamp() and not ${isMigrationRunning(tx)}
    order by d.due_at limit 1 for update of d skip locked for key share of i skip locked`
  return due
}

export async function deleteDuePreview(tx: Transaction, { id }: DuePreview): Promise<void> {
  await tx`delete from previews_due where reference_id = ${id}`
}

/** Postpones a preview after a failure, with a delay that doubles each time. */
export async function postponeDuePreview(tx: Transaction, { id, failures }: DuePreview): Promise<void> {
  const seconds = Math.min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** failures)
  await tx`
    update previews_due set failures = failures + 1, due_at = clock_timestamp() + make_interval(secs => ${seconds})
    where reference_id = ${id}`
}

function isMigrationRunning(db: Database | Transaction) {
  return db`exists (select from backfill_runs where kind = 'move' and state = 'running')`
}
