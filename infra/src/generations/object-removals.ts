import type { Transaction } from '../database/connection.ts'
import type { GenerationKey } from './generations.ts'

/** Time that an unreferenced object is retained: a submission may be about to refer to it again. */
const REMOVE_AFTER_SECONDS = 3_600

/** Returns the folder of all objects of a generation, of every attempt. It ends in a slash, as no key does. */
export function getGenerationFolder({ id, workspaceId }: GenerationKey): string {
  return `w/${workspaceId}/gen/${id}/`
}

/**
 * Schedules the removal of objects that are not referenced by then.
 *
 * @param keys keys of objects, or folders (ending in a slash) for all objects in them
 */
export async function scheduleRemovals(
  tx: Transaction,
  keys: readonly string[],
  afterSeconds = REMOVE_AFTER_SECONDS,
): Promise<void> {
  // In a fixed order: two transactions with the same keys could deadlock otherwise.
  await tx`
    insert into object_removals (key, remove_after)
    select key, now() + make_interval(secs => ${afterSeconds}) from unnest(${keys.toSorted()}::text[]) key
    on conflict (key) do update set remove_after = greatest(object_removals.remove_after, excluded.remove_after)`
}
