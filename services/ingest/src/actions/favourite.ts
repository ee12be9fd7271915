import type { FavouriteChange } from '@darkroom/contracts/generation'
import type { Database } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { throwValidationError } from '../validation-error.ts'
import { updateFavourite } from './output-rows.ts'
import { assertNotTrashed, updateGeneration } from './with-generation.ts'

/**
 * Sets or clears the favourite mark of one output.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `invalid` if it has no such output; `conflict` if it is in the trash
 */
export async function setFavourite(
  deps: { database: Database },
  identity: Identity,
  id: string,
  change: FavouriteChange,
): Promise<string> {
  return await updateGeneration(deps, identity, id, async (tx, generation) => {
    assertNotTrashed(generation)
    const isChanged = await updateFavourite(tx, generation, change)
    if (isChanged === undefined)
      throwValidationError([{ path: 'outputIndex', message: 'is not an output of this generation' }])
    if (isChanged) await bumpVersion(tx, generation)
  })
}
