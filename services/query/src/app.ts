import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { Timeline } from '@darkroom/contracts/history/timeline'
import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import { READINESS_ROUTE } from '@darkroom/contracts/routes'
import { createHttpApp, type HttpAppOptions } from '@darkroom/infra/http/app'
import type { OnWaiting } from '@darkroom/infra/http/forward-stream'
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
import { readUsage, respondUsage, type UsageDeps } from './usage/usage.ts'
import { parseUsageQuery, UsageParameters } from './usage/usage-parameters.ts'

export interface QueryDeps extends UsageDeps {
  http: HttpAppOptions
  store: Store
  liveEvents: LiveEvents
  ui: Ui
  /** State of the other services. */
  parts: PartReader
  /** Origins on private addresses that provider outputs may come from. */
  allowOrigins: readonly string[]
}

type Server = Pick<Bun.Server<unknown>, 'timeout'>

export type App = ReturnType<typeof createApp>

/** The least that a connection's idle timeout can be: it closes a connection whose client does not read what was sent. */
const DISCONNECT_SECONDS = 1
/** Time for which a client may read nothing of a media file. */
const UNREAD_SECONDS = 60

const OutputIndex = z.coerce.number().int().min(0).max(99)

/** Creates the query service: list, events, media and the UI. It never writes. */
export function createApp(deps: QueryDeps) {
  const { database, liveEvents, ui, allowOrigins, parts } = deps
  const { handleMedia, handleMediaHead } = createMediaHandlers(deps)
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
    .get(
      '/api/usage',
      async ({ identity: { workspaceId }, query, request }) => {
        const usage = await readUsage(deps, workspaceId, parseUsageQuery(query, new Date()))
        return respondUsage(request, usage)
      },
      { query: UsageParameters },
    )
    .get('/api/parts', async ({ set }): Promise<Parts> => {
      set.headers['cache-control'] = 'no-store'
      return await readParts(parts)
    })
    .get(READINESS_ROUTE.target, () => respondStudioReadiness(parts, deps.http))
    .get('/api/events', async ({ identity, request, server }) => {
      // No idle timeout: a quiet stream is not dead. A client that is gone is noticed by the pings.
      server?.timeout(request, 0)
      const disconnect = () => server?.timeout(request, DISCONNECT_SECONDS)
      return liveEvents.open(identity.workspaceId, request.headers.get('last-event-id'), disconnect)
    })
    .get(
      '/media/remote/:id/:index',
      async ({ identity: { workspaceId }, params, request, server }) => {
        const remote = await findRemoteOutput(database, workspaceId, params.id, params.index)
        return await serveRemoteMedia(remote, { allowOrigins, ...createTransferOptions(request, server) })
      },
      { params: z.strictObject({ id: z.uuid(), index: OutputIndex }) },
    )
    .get(
      '/media/remote/:id/ref/:index',
      async ({ identity: { workspaceId }, params, request, server }) => {
        const remote = await findRemoteReference(database, workspaceId, params.id, params.index)
        return await serveRemoteMedia(remote, { allowOrigins, ...createTransferOptions(request, server) })
      },
      { params: z.strictObject({ id: z.uuid(), index: OutputIndex }) },
    )
    .get('/media/*', ({ request, params, server }) => handleMedia(params['*'], request, server))
    .get('/*', ({ request }) => {
      const file = serveUi(ui, new URL(request.url).pathname)
      if (!file) throw new ProblemError('not_found', 'There is nothing at this address.')
      return file
    })
}

/** Creates the handlers of stored media. */
function createMediaHandlers({ database, store }: Pick<QueryDeps, 'database' | 'store'>) {
  const mediaDeps = { store, findPreviewSource: (preview: string) => findPreviewSource(database, preview) }
  const handleMedia = async (key: string, request: Request, server: Server | null) => {
    const media = { ...mediaDeps, onWaiting: createUnreadTimeout(request, server) }
    return await serveMedia(media, identityOf(request).workspaceId, key, request)
  }
  /** Handles HEAD for media. Elysia's own implementation runs GET and reads the whole body to learn its length. */
  const handleMediaHead = (request: Request) => {
    const key = request.method === 'HEAD' ? parseMediaKey(new URL(request.url).pathname) : undefined
    return key === undefined ? undefined : handleMedia(key, request, null)
  }
  return { handleMedia, handleMediaHead }
}

function createTransferOptions(request: Request, server: Server | null) {
  return { signal: request.signal, onWaiting: createUnreadTimeout(request, server) }
}

/** Returns a function that closes the connection of a client which reads nothing for a while of what was sent to it. */
function createUnreadTimeout(request: Request, server: Server | null): OnWaiting {
  return isClient => server?.timeout(request, isClient ? UNREAD_SECONDS : 0)
}
