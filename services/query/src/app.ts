import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Timeline } from '@darkroom/contracts/timeline'
import type { Database } from '@darkroom/infra/database/connection'
import { createHttp, type HttpOptions, identityOf } from '@darkroom/infra/http/app'
import { ProblemError } from '@darkroom/infra/http/problem'
import { rawJson } from '@darkroom/infra/http/raw-json'
import type { Store } from '@darkroom/infra/store/store'
import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Live } from './events/live.ts'
import { answerJson } from './json-response.ts'
import { readDocuments } from './list/documents.ts'
import { listPage } from './list/list.ts'
import { ListParameters, readListQuery } from './list/list-parameters.ts'
import { listModels } from './list/model-list.ts'
import { readTimeline, TimelineParameters } from './list/timeline.ts'
import { keyIn, serveMedia } from './media/media.ts'
import { findOriginal } from './media/preview-source.ts'
import { findRemoteOutput, findRemoteReference, serveRemote } from './media/remote-media.ts'
import { serveUi, type Ui } from './ui.ts'

export interface QueryDeps {
  http: HttpOptions
  database: Database
  store: Store
  live: Live
  ui: Ui
  /** Origins on private addresses that provider outputs may come from. */
  allowOrigins: readonly string[]
}

export type App = ReturnType<typeof createApp>

const Position = z.coerce.number().int().min(0).max(99)

/** The service that shows. It never writes. */
export function createApp(deps: QueryDeps) {
  const { database, store, live, ui, allowOrigins } = deps
  const pictures = { store, originalOf: (preview: string) => findOriginal(database, preview) }
  return new Elysia({ normalize: false })
    .use(createHttp(deps.http))
    .onRequest(({ request }) => headOfMedia(request))
    .get(
      '/api/generations',
      async ({ identity: { workspaceId, admin }, query, request }) => {
        if (query.includeParameters && !admin)
          throw new ProblemError('forbidden', 'Only administrators see parameters in full.')
        return answerJson<GenerationPage>(request, await listPage(database, readListQuery(query, workspaceId)))
      },
      { query: ListParameters },
    )
    .get(
      '/api/generations/timeline',
      async ({ identity: { workspaceId }, query, request }) => {
        return answerJson<Timeline>(request, await readTimeline(database, { ...query, workspaceId }))
      },
      { query: TimelineParameters },
    )
    .get(
      '/api/generations/:id',
      async ({ identity: { workspaceId }, params: { id }, request }) => {
        const document = (await readDocuments(database, { workspaceId, ids: [id] })).get(id)
        if (document === undefined) throw new ProblemError('not_found', 'There is no such generation.')
        return answerJson<Generation>(request, document)
      },
      { params: z.strictObject({ id: z.uuid() }) },
    )
    .get('/api/models', async () => rawJson<Model[]>(await listModels(database)))
    .get('/api/events', async ({ identity, request, server }) => {
      // Silence is no sign that anybody is gone: the pings tell.
      server?.timeout(request, 0)
      return live.open(identity.workspaceId, request.headers.get('last-event-id'))
    })
    .get(
      '/media/remote/:id/:index',
      async ({ identity: { workspaceId }, params, request }) => {
        const remote = await findRemoteOutput(database, workspaceId, params.id, params.index)
        return await serveRemote(remote, { allowOrigins, signal: request.signal })
      },
      { params: z.strictObject({ id: z.uuid(), index: Position }) },
    )
    .get(
      '/media/remote/:id/ref/:index',
      async ({ identity: { workspaceId }, params, request }) => {
        const remote = await findRemoteReference(database, workspaceId, params.id, params.index)
        return await serveRemote(remote, { allowOrigins, signal: request.signal })
      },
      { params: z.strictObject({ id: z.uuid(), index: Position }) },
    )
    .get('/media/*', ({ request, params }) => media(params['*'], request))
    .get('/*', ({ request }) => {
      const file = serveUi(ui, new URL(request.url).pathname)
      if (!file) throw new ProblemError('not_found', 'There is nothing at this address.')
      return file
    })

  /** Elysia's own answer to HEAD would be the length of what GET gives, and it would read all of that to learn it. */
  function headOfMedia(request: Request): Promise<Response> | undefined {
    const key = request.method === 'HEAD' ? keyIn(new URL(request.url).pathname) : undefined
    return key === undefined ? undefined : media(key, request)
  }

  async function media(key: string, request: Request): Promise<Response> {
    return await serveMedia(pictures, identityOf(request).workspaceId, key, request)
  }
}
