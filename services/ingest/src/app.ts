import { type Cancellation, FavouriteChange, type Generation, Submission, Uuid } from '@darkroom/contracts/generation'
import type { ReferenceOrigin } from '@darkroom/contracts/history/library'
import type { Reference } from '@darkroom/contracts/reference'
import { createHttpApp, type HttpAppOptions } from '@darkroom/infra/http/app'
import type { DiskGuard } from '@darkroom/infra/http/disk-guard'
import type { Identity } from '@darkroom/infra/http/identity'
import { createRawJsonResponse } from '@darkroom/infra/http/raw-json'
import type { Store } from '@darkroom/infra/store/store'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { cancelGeneration } from './actions/cancel.ts'
import { createDeletionRoute } from './actions/deletion-route.ts'
import { setFavourite } from './actions/favourite.ts'
import { recheckGeneration, requestMissingOutputs, retryGeneration } from './actions/retry.ts'
import { restoreGeneration, trashGeneration } from './actions/trash.ts'
import type { ActionRequest, ActionResult } from './actions/with-generation.ts'
import { type AuthRouteDeps, createAuthRoute } from './auth/route.ts'
import { type BackfillRouteDeps, createBackfillRoute } from './backfill/route.ts'
import type { ConnectionDeps } from './connections/connections.ts'
import { createConnectionsRoute } from './connections/route.ts'
import { readIdempotencyKey } from './idempotency/idempotency-key.ts'
import { parseFormSources } from './references/form-sources.ts'
import { findOrigin } from './references/origin.ts'
import { toReference, withReferences } from './references/references.ts'
import { INGEST_RULES } from './route-rules.ts'
import { type SubmitDeps, submit } from './submit/submit.ts'

export interface IngestDeps extends SubmitDeps, BackfillRouteDeps, ConnectionDeps {
  store: Store
  http: HttpAppOptions
  config: AuthRouteDeps['config']
  /** Refuses what writes while the disk is nearly full. Absent: nothing is refused. */
  guardDisk?: DiskGuard
}

export type App = ReturnType<typeof createApp>

const IdParams = { params: z.strictObject({ id: Uuid }) }

/** Returns what a request asks to do with a generation, with its key. */
function readAction(request: Request, { workspaceId }: Identity, id: string): ActionRequest {
  return { id, key: readIdempotencyKey(request, workspaceId) }
}

/** Responds with a generation for which something was accepted: now, or when the same was requested before. */
function respondOnce({ document, isReplayed }: ActionResult): Generation {
  if (!isReplayed) return createRawJsonResponse<Generation>(document, 202)
  return createRawJsonResponse<Generation>(document, 200, { 'idempotency-replayed': 'true' })
}

/** Creates the HTTP app of ingest: submissions, actions on generations, reference uploads and the backfill. */
export function createApp(deps: IngestDeps) {
  return (
    new Elysia({ normalize: false })
      .use(createHttpApp(deps.http, INGEST_RULES))
      // Before the body is read, and after the check of identity and origin.
      .onRequest(async ({ request }) => await deps.guardDisk?.(request))
      .use(createBackfillRoute(deps))
      .use(createConnectionsRoute(deps))
      .use(createAuthRoute(deps))
      .use(createDeletionRoute(deps))
      .post(
        '/api/generate',
        async ({ body, client, identity, request, reserve }) => {
          const fetchOptions = { reserve, client, signal: request.signal }
          const key = readIdempotencyKey(request, identity.workspaceId)
          const { document, isNew } = await submit(deps, identity, { submission: body, key }, fetchOptions)
          return respondOnce({ document, isReplayed: !isNew })
        },
        { body: Submission },
      )
      .post('/api/references', async ({ body, client, identity, request, set }): Promise<Reference[]> => {
        const references = { sources: parseFormSources(body), client, signal: request.signal }
        set.status = 201
        return await withReferences(deps, identity, references, async (_tx, rows) => rows.map(toReference))
      })
      .get(
        '/api/references/:id/origin',
        async ({ identity, params, reserve }): Promise<ReferenceOrigin> =>
          await findOrigin(deps, identity, params.id, reserve),
        IdParams,
      )
      .post(
        '/api/generate/:id/cancel',
        async ({ identity, params }): Promise<Cancellation> => await cancelGeneration(deps, identity, params.id),
        IdParams,
      )
      .post(
        '/api/generate/:id/retry',
        async ({ identity, params, request }) =>
          respondOnce(await retryGeneration(deps, identity, readAction(request, identity, params.id))),
        IdParams,
      )
      .post(
        '/api/generate/:id/complete',
        async ({ identity, params, request }) =>
          respondOnce(await requestMissingOutputs(deps, identity, readAction(request, identity, params.id))),
        IdParams,
      )
      .post(
        '/api/generate/:id/check',
        async ({ identity, params, request }) =>
          respondOnce(await recheckGeneration(deps, identity, readAction(request, identity, params.id))),
        IdParams,
      )
      .post(
        '/api/generate/:id/restore',
        async ({ identity, params }) =>
          createRawJsonResponse<Generation>(await restoreGeneration(deps, identity, params.id)),
        IdParams,
      )
      .patch(
        '/api/generate/:id',
        async ({ body, identity, params }) =>
          createRawJsonResponse<Generation>(await setFavourite(deps, identity, params.id, body)),
        { ...IdParams, body: FavouriteChange },
      )
      .delete(
        '/api/generate/:id',
        async ({ identity, params, set }) => {
          await trashGeneration(deps, identity, params.id)
          set.status = 204
        },
        IdParams,
      )
  )
}
