import type { PublicError } from '@darkroom/contracts/output'
import type { Transaction } from '@darkroom/infra/database/connection'

/** Fails the outputs that are pending or being saved. */
export async function failUnfinishedOutputs(tx: Transaction, id: string, error: PublicError): Promise<void> {
  await tx`
    update generation_outputs set state = 'failed', error = ${tx.json(error)}
    where generation_id = ${id} and state in ('pending', 'saving')`
}

/**
 * Resets failed and lost outputs to `pending`: their error, provider URL and rehost are removed.
 *
 * @param indices outputs to reset; null for all
 * @returns number of these outputs that are pending now
 */
export async function resetOutputs(tx: Transaction, id: string, indices: number[] | null): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    with reset as (
      update generation_outputs set state = 'pending', error = null, provider_url = null, provider_headers = null,
        expires_at = null
      where generation_id = ${id} and state in ('failed', 'lost', 'pending')
        and (${indices}::smallint[] is null or index = any(${indices}::smallint[]))
      returning index
    ),
    cancelled_rehosts as (
      delete from rehosts where generation_id = ${id} and index in (select index from reset)
    )
    select count(*)::int as count from reset`
  return row?.count ?? 0
}

/**
 * Sets or clears the favourite mark of an output.
 *
 * @returns whether the row changed; undefined if there is no such output
 */
export async function updateFavourite(
  tx: Transaction,
  id: string,
  { outputIndex, favourite }: { outputIndex: number; favourite: boolean },
): Promise<boolean | undefined> {
  const [before] = await tx<{ favourite: boolean }[]>`
    select favourite from generation_outputs where generation_id = ${id} and index = ${outputIndex}`
  if (!before) return undefined
  if (before.favourite === favourite) return false
  await tx`
    update generation_outputs set favourite = ${favourite} where generation_id = ${id} and index = ${outputIndex}`
  return true
}
