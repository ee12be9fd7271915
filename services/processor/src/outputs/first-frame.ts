import type { Database } from '@darkroom/infra/database/connection'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import type { Store } from '@darkroom/infra/store/store'

/** Returns the image that a video was to begin with; undefined if it was given none. */
export type FindFirstFrame = (
  generation: { workspaceId: string; generationId: string },
  signal: AbortSignal,
) => Promise<Uint8Array | undefined>

/** Creates what finds the first-frame image of a generation in the store. The source of an animation is one, too. */
export function createFirstFrameFinder(deps: { database: Database; store: Pick<Store, 'get'> }): FindFirstFrame {
  return async ({ workspaceId, generationId }, signal) => {
    const [row] = await deps.database<{ key: string }[]>`
      select i.key from generation_references r join reference_images i on i.id = r.reference_id
      where r.workspace_id = ${workspaceId} and r.generation_id = ${generationId} and r.role in ('first-frame', 'source')
        and i.bytes <= ${OUTPUT_LIMITS.bytes}
      order by r.role, r.position limit 1`
    const object = row && (await deps.store.get(row.key, { signal }))
    return object ? await new Response(object.body).bytes() : undefined
  }
}
