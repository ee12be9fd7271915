import type { Transaction } from '../database/connection.ts'

/**
 * Leaves outputs that are being saved, and have an address at their provider, as temporary: they are shown from there, and
 * a rehost tries on until they are stored or the address is gone. The caller tells of the change.
 *
 * @param indices which of the generation's outputs; null for all
 * @returns how many were left so
 */
export async function markTemporary(tx: Transaction, id: string, indices: number[] | null): Promise<number> {
  const { count } = await tx`
    with left_there as (
      update generation_outputs set state = 'temporary', error = null
      where generation_id = ${id} and (${indices}::smallint[] is null or index = any(${indices}::smallint[]))
        and state = 'saving' and provider_url is not null
      returning generation_id, index
    )
    insert into rehosts (generation_id, index) select generation_id, index from left_there
    on conflict (generation_id, index) do update set next_try_at = now()`
  return count
}
