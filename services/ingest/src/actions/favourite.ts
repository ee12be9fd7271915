import type { FavouriteChange } from '@darkroom/contracts/generation'
import type { Database } from '@darkroom/infra/database/connection'
import { touch } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { refuse } from '../references/reference-source.ts'
import { setFavourite } from './output-rows.ts'
import { changed, requireOutOfTrash } from './with-generation.ts'

/**
 * Marks one output of a generation as a favourite, or takes the mark away.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `invalid` if it has no such output; `conflict` if it is in the trash
 */
export async function favour(
  deps: { database: Database },
  identity: Identity,
  id: string,
  wanted: FavouriteChange,
): Promise<string> {
  return await changed(deps, identity, id, async (tx, held) => {
    requireOutOfTrash(held)
    const isNew = await setFavourite(tx, id, wanted)
    if (isNew === undefined) refuse([{ path: 'outputIndex', message: 'is not an output of this generation' }])
    if (isNew) await touch(tx, id)
  })
}
