import type { PublicError } from '@darkroom/contracts/output'
import type { Transaction } from '@darkroom/infra/database/connection'

/** Ends outputs that nothing will come of any more. */
export async function failUnfinishedOutputs(tx: Transaction, id: string, error: PublicError): Promise<void> {
  await tx`
    update generation_outputs set state = 'failed', error = ${tx.json(error)}
    where generation_id = ${id} and state in ('pending', 'saving')`
}

/**
 * Makes outputs that were not kept wanted again.
 *
 * @param indices which of them; null for all
 * @returns how many are wanted now
 */
export async function resetOutputs(tx: Transaction, id: string, indices: number[] | null): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    with wanted as (
      update generation_outputs set state = 'pending', error = null, provider_url = null, provider_headers = null,
        expires_at = null
      where generation_id = ${id} and state in ('failed', 'lost', 'pending')
        and (${indices}::smallint[] is null or index = any(${indices}::smallint[]))
      returning index
    ),
    given_up as (
      delete from rehosts where generation_id = ${id} and index in (select index from wanted)
    )
    select count(*)::int as count from wanted`
  return row?.count ?? 0
}

/**
 * Marks an output as one of the person's favourites, or takes the mark away.
 *
 * @returns whether that changed anything; undefined if there is no such output
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
