import type { Generation } from '@darkroom/contracts/generation'
import { Uuid } from '@darkroom/contracts/generation'
import type { TrashEmptied } from '@darkroom/contracts/history/library'
import { LIMITS } from '@darkroom/contracts/limits'
import type { Database } from '@darkroom/infra/database/connection'
import { identityOf } from '@darkroom/infra/http/identity'
import { createRawJsonResponse } from '@darkroom/infra/http/raw-json'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { deleteOutput, restoreOutput } from './delete-output.ts'
import { emptyTrash } from './trash.ts'

const OutputParams = {
  params: z.strictObject({ id: Uuid, index: z.coerce.number().int().min(0).max(LIMITS.outputs) }),
}

/** Creates the routes by which single outputs are deleted and restored, and the trash is emptied. */
export function createDeletionRoute(deps: { database: Database }) {
  return new Elysia({ normalize: false })
    .delete(
      '/api/generate/:id/outputs/:index',
      async ({ params, request }) =>
        createRawJsonResponse<Generation>(await deleteOutput(deps, identityOf(request), params)),
      OutputParams,
    )
    .post(
      '/api/generate/:id/outputs/:index/restore',
      async ({ params, request }) =>
        createRawJsonResponse<Generation>(await restoreOutput(deps, identityOf(request), params)),
      OutputParams,
    )
    .delete('/api/trash', async ({ request }): Promise<TrashEmptied> => await emptyTrash(deps, identityOf(request)))
}
