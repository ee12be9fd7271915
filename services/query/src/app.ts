import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import { READINESS_ROUTE } from '@darkroom/contracts/routes'
import type { Timeline } from '@darkroom/contracts/timeline'
import type { Database } from '@darkroom/infra/database/connection'
import { createHttpApp, type HttpAppOptions } from '@darkroom/infra/http/app'
import { identityOf } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { createRawJsonResponse } from '@darkroom/infra/http/raw-json'
import type { Store } from '@darkroom/infra/store/store'
import { Elysia } from 'elysia'
import { z } from 'zod'
import type { LiveEvents } from './events/live.ts'
import { createJsonResponse } from './json-response.ts'
import { readDocuments } from './list/documents.ts'
import { listPage } from './list/list.ts'
import { ListParameters, parseListQuery } from './list/list-parameters.ts'
import { listModels } from './list/model-list.ts'
import { readTimeline, TimelineParameters } from './list/timeline.ts'
import { parseMediaKey, serveMedia } from './media/media.ts'
import { findPreviewSource } from './media/preview-source.ts'
import { findRemoteOutput, findRemoteReference, serveRemoteMedia } from './media/remote-media.ts'
import { type PartReader, readParts, respondStudioReadiness } from './parts.ts'
import { serveUi, type Ui } from './ui.ts'

export interface QueryDeps {
  http: HttpAppOptions
  database: Database
  store: Store
  liveEvents: LiveEvents
  ui: Ui
  /** State of the other services. */
  parts: PartReader
  /** Origins on private addresses that provider outputs may come from. */
  allowOrigins: readonly string[]
}

export type App = ReturnType<typeof createApp>

const OutputIndex = z.coerce.number().int().min(0).max(99)

/** Creates the query service: list, events, media and the UI. It never writes. */
export function createApp(deps: QueryDeps) {
  const { database, store, liveEvents, ui, allowOrigins, parts } = deps
  const mediaDeps = { store, findPreviewSource: (preview: string) => findPreviewSource(database, preview) }
  return new Elysia({ normalize: false })
    .use(createHttpApp(deps.http))
    .onRequest(({ request }) => handleMediaHead(request))
    .get(
      '/api/generations',
      async ({ identity: { workspaceId, admin }, query, request }) => {
        if (query.includeParameters && !admin)
          throw new ProblemError('forbidden', 'Only administrators see parameters in full.')
        return createJsonResponse<GenerationPage>(request, await listPage(database, parseListQuery(query, workspaceId)))
      },
      { query: ListParameters },
    )
    .get(
      '/api/generations/timeline',
      async ({ identity: { workspaceId }, query, request }) => {
        return createJsonResponse<Timeline>(request, await readTimeline(database, { ...query, workspaceId }))
      },
      { query: TimelineParameters },
    )
    .get(
      '/api/generations/:id',
      async ({ identity: { workspaceId }, params: { id }, request }) => {
        const document = (await readDocuments(database, { workspaceId, ids: [id] })).get(id)
        if (document === undefined) throw new ProblemError('not_found', 'There is no such generation.')
        return createJsonResponse<Generation>(request, document)
      },
      { params: z.strictObject({ id: z.uuid() }) },
    )
    .get('/api/models', async () => createRawJsonResponse<Model[]>(await listModels(database)))
    .get('/api/parts', async ({ set }): Promise<Parts> => {
      set.headers['cache-control'] = 'no-store'
      return await readParts(parts)
    })
    .get(READINESS_ROUTE.target, () => respondStudioReadiness(parts, deps.http))
    .get('/api/events', async ({ identity, request, server }) => {
      // No idle timeout: a quiet stream is not dead. A client that is gone is noticed by the pings.
      server?.timeout(request, 0)
      return liveEvents.open(identity.workspaceId, request.headers.get('last-event-id'))
    })
    .get(
      '/media/remote/:id/:index',
      async ({ identity: { workspaceId }, params, request }) => {
        const remote = await findRemoteOutput(database, workspaceId, params.id, params.index)
        return await serveRemoteMedia(remote, { allowOrigins, signal: request.signal })
      },
      { params: z.strictObject({ id: z.uuid(), index: OutputIndex }) },
    )
    .get(
      '/media/remote/:id/ref/:index',
      async ({ identity: { workspaceId }, params, request }) => {
        const remote = await findRemoteReference(database, workspaceId, params.id, params.index)
        return await serveRemoteMedia(remote, { allowOrigins, signal: request.signal })
      },
      { params: z.strictObject({ id: z.uuid(), index: OutputIndex }) },
    )
    .get('/media/*', ({ request, params }) => handleMedia(params['*'], request))
    .get('/*', ({ request }) => {
      const file = serveUi(ui, new URL(request.url).pathname)
      if (!file) throw new ProblemError('not_found', 'There is nothing at this address.')
      return file
    })

  /** Handles HEAD for media. Elysia's own implementation runs GET and reads the whole body to learn its length. */
  function handleMediaHead(request: Request): Promise<Response> | undefined {
    const key = request.method === 'HEAD' ? parseMediaKey(new URL(request.url).pathname) : undefined
    return key === undefined ? undefined : handleMedia(key, request)
  }

  async function handleMedia(key: string, request: Request): Promise<Response> {
    return await serveMedia(mediaDeps, identityOf(request).workspaceId, key, request)
  }
}
