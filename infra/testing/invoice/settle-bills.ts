import type { TestStack } from '../studio/test-stack.ts'
import { waitFor } from '../wait-for.ts'

const SETTLE_MS = 60_000

/** Waits until no call is open for its bill, for a minute at most: cancelled ones are followed to their ends at the provider. */
export async function waitUntilSettled({ sql }: Pick<TestStack, 'sql'>): Promise<void> {
  const isSettled = async () => {
    // Instead of the 30 s between two tries.
    await sql`
      update provider_calls set cancel_tried_at = cancel_tried_at - interval '31 seconds'
      where finished_at is null and cancel_tried_at > clock_timestamp() - interval '30 seconds'`
    const open = await sql`
      select from provider_calls c join generations g on g.id = c.generation_id
      where g.status = 'cancelled' and c.finished_at is null and c.request_id is not null limit 1`
    const unsettled = await sql`select from call_costs where outcome is null limit 1`
    return open.length + unsettled.length === 0
  }
  await waitFor('Settled bills', SETTLE_MS, isSettled, 1_000).catch(() => {})
}
