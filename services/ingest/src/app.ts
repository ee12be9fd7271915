import { type Cancellation, FavouriteChange, type Generation, Submission } from '@darkroom/contracts/generation'
import type { Reference } from '@darkroom/contracts/reference'
import { createHttp, type HttpOptions } from '@darkroom/infra/http'
import type { Identify } from '@darkroom/infra/identity'
import { rawJson } from '@darkroom/infra/raw-json'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { type AcceptDeps, accept } from './accept.ts'
import { type BackfillRouteDeps, backfillRoute } from './backfill/route.ts'
import { cancel } from './cancel.ts'
import { favour } from './favourite.ts'
import { sourcesOfForm } from './form.ts'
import { toReference, withReferences } from './references.ts'
import { check, complete, retry } from './reopen.ts'
import { remove, restore } from './trash.ts'

export interface IngestDeps extends AcceptDeps, BackfillRouteDeps {
  http: HttpOptions
  identify: Identify
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
      async ({ body, request, reserve }) => {
        const fetching = { reserve, signal: request.signal }
        const { document, created } = await accept(deps, deps.identify(request), body, fetching)
        return rawJson<Generation>(document, created ? 202 : 200)
      },
      { body: Submission },
    )
    .post('/api/references', async ({ body, request, set }): Promise<Reference[]> => {
      const sources = sourcesOfForm(body)
      set.status = 201
      return await withReferences(deps, deps.identify(request), sources, async (_tx, rows) => rows.map(toReference))
    })
    .post(
      '/api/generate/:id/cancel',
      async ({ params, request }): Promise<Cancellation> => await cancel(deps, deps.identify(request), params.id),
      One,
    )
    .post(
      '/api/generate/:id/retry',
      async ({ params, request }) => rawJson<Generation>(await retry(deps, deps.identify(request), params.id), 202),
      One,
    )
    .post(
      '/api/generate/:id/complete',
      async ({ params, request }) => rawJson<Generation>(await complete(deps, deps.identify(request), params.id), 202),
      One,
    )
    .post(
      '/api/generate/:id/check',
      async ({ params, request }) => rawJson<Generation>(await check(deps, deps.identify(request), params.id), 202),
      One,
    )
    .post(
      '/api/generate/:id/restore',
      async ({ params, request }) => rawJson<Generation>(await restore(deps, deps.identify(request), params.id)),
      One,
    )
    .patch(
      '/api/generate/:id',
      async ({ body, params, request }) =>
        rawJson<Generation>(await favour(deps, deps.identify(request), params.id, body)),
      { ...One, body: FavouriteChange },
    )
    .delete(
      '/api/generate/:id',
      async ({ params, request, set }) => {
        await remove(deps, deps.identify(request), params.id)
        set.status = 204
      },
      One,
    )
}
