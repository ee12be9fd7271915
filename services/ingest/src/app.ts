import { type Cancellation, FavouriteChange, type Generation, Submission } from '@darkroom/contracts/generation'
import type { Reference } from '@darkroom/contracts/reference'
import { createHttp, type HttpOptions } from '@darkroom/infra/http/app'
import { rawJson } from '@darkroom/infra/http/raw-json'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { cancel } from './actions/cancel.ts'
import { favour } from './actions/favourite.ts'
import { check, complete, retry } from './actions/retry.ts'
import { remove, restore } from './actions/trash.ts'
import { type BackfillRouteDeps, backfillRoute } from './backfill/route.ts'
import { sourcesOfForm } from './references/form-sources.ts'
import { toReference, withReferences } from './references/references.ts'
import { type AcceptDeps, accept } from './submit/submit.ts'

export interface IngestDeps extends AcceptDeps, BackfillRouteDeps {
  http: HttpOptions
}

export type App = ReturnType<typeof createApp>

const One = { params: z.strictObject({ id: z.uuid() }) }

/** The service that takes intent in. */
export function createApp(deps: IngestDeps) {
  return new Elysia({ normalize: false })
    .use(createHttp(deps.http))
    .use(backfillRoute(deps))
    .post(
      '/api/generate',
      async ({ body, identity, request, reserve }) => {
        const fetching = { reserve, signal: request.signal }
        const { document, created } = await accept(deps, identity, body, fetching)
        return rawJson<Generation>(document, created ? 202 : 200)
      },
      { body: Submission },
    )
    .post('/api/references', async ({ body, identity, set }): Promise<Reference[]> => {
      const sources = sourcesOfForm(body)
      set.status = 201
      return await withReferences(deps, identity, sources, async (_tx, rows) => rows.map(toReference))
    })
    .post(
      '/api/generate/:id/cancel',
      async ({ identity, params }): Promise<Cancellation> => await cancel(deps, identity, params.id),
      One,
    )
    .post(
      '/api/generate/:id/retry',
      async ({ identity, params }) => rawJson<Generation>(await retry(deps, identity, params.id), 202),
      One,
    )
    .post(
      '/api/generate/:id/complete',
      async ({ identity, params }) => rawJson<Generation>(await complete(deps, identity, params.id), 202),
      One,
    )
    .post(
      '/api/generate/:id/check',
      async ({ identity, params }) => rawJson<Generation>(await check(deps, identity, params.id), 202),
      One,
    )
    .post(
      '/api/generate/:id/restore',
      async ({ identity, params }) => rawJson<Generation>(await restore(deps, identity, params.id)),
      One,
    )
    .patch(
      '/api/generate/:id',
      async ({ body, identity, params }) => rawJson<Generation>(await favour(deps, identity, params.id, body)),
      { ...One, body: FavouriteChange },
    )
    .delete(
      '/api/generate/:id',
      async ({ identity, params, set }) => {
        await remove(deps, identity, params.id)
        set.status = 204
      },
      One,
    )
}
