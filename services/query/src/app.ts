import type { Model } from '@darkroom/contracts/model'
import type { Parts } from '@darkroom/contracts/parts'
import { READINESS_ROUTE } from '@darkroom/contracts/routes'
import { createHttpApp, type HttpAppOptions, IDLE_SECONDS } from '@darkroom/infra/http/app'
import type { OnWaiting } from '@darkroom/infra/http/forward-stream'
import { identityOf } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import type { Store } from '@darkroom/infra/store/store'
import { Elysia } from 'elysia'
import { createDownloadRoutes } from './download/routes.ts'
import { EventParameters } from './events/event-parameters.ts'
import { EVENT_STREAM_HEADERS } from './events/event-stream.ts'
import type { LiveEvents } from './events/live.ts'
import { createJsonResponse } from './json-response.ts'
import type { CountDeps } from './list/count.ts'
import type { ListPools } from './list/list.ts'
import { listModels } from './list/model-list.ts'
import { createListRoutes } from './list/routes.ts'
import { parseMediaKey, serveMedia } from './media/media.ts'
import { findPreviewSource } from './media/preview-source.ts'
import { createRemoteRoutes } from './media/remote-routes.ts'
import { createOpenApiRoute } from './openapi/openapi-route.ts'
import { type PartReader, readParts, respondStudioReadiness } from './parts.ts'
import { readQueryString } from './query-string.ts'
import { QUERY_RULES } from './route-rules.ts'
import { serveUi, type Ui } from './ui.ts'
import { readUsage, respondUsage, type UsageDeps } from './usage/usage.ts'
import { parseUsageQuery, UsageParameters } from './usage/usage-parameters.ts'

export interface QueryDeps extends UsageDeps, CountDeps, ListPools {
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
/** Timeouts of a connection whose response waits: for the source, for a client that may read nothing for a while, or no longer. */
const TIMEOUT_SECONDS = { source: 0, client: 60, nothing: IDLE_SECONDS }

/** Creates the query service: list, events, media and the UI. It never writes. */
export function createApp(deps: QueryDeps) {
  const { database, liveEvents, ui, parts } = deps
  const { handleMedia, handleHead } = createFileHandlers(deps)
  return (
    new Elysia({ normalize: false })
      .use(createHttpApp(deps.http, QUERY_RULES))
      .onRequest(({ request }) => handleHead(request))
      .onTransform(context => {
        Object.assign(context, { query: readQueryString(context.request.url) })
      })
      .use(createListRoutes(deps))
      .use(createOpenApiRoute())
      .get('/api/models', async ({ request }) => createJsonResponse<Model[]>(request, await listModels(database)))
      .get(
        '/api/usage',
        async ({ identity, query, request }) =>
          respondUsage(request, await readUsage(deps, identity, parseUsageQuery(query, new Date()))),
        { query: UsageParameters },
      )
      .get('/api/parts', async ({ set }): Promise<Parts> => {
        set.headers['cache-control'] = 'no-store'
        return await readParts(parts)
      })
      .get(READINESS_ROUTE.target, () => respondStudioReadiness(parts, deps.http))
      .get(
        '/api/events',
        async ({ identity, query, request, server }) => {
          // No idle timeout: a quiet stream is not dead. A client that is gone is noticed by the pings.
          server?.timeout(request, 0)
          const disconnect = () => server?.timeout(request, DISCONNECT_SECONDS)
          // A page that replaces a stream cannot set the header. Where there are both, that of the reconnection is newer.
          const lastEventId = request.headers.get('last-event-id') ?? query.lastEventId ?? null
          return liveEvents.open(identity, lastEventId, disconnect)
        },
        { query: EventParameters },
      )
      // Elysia's own HEAD would read the stream to its end, which there is none.
      .head('/api/events', () => new Response(null, { headers: EVENT_STREAM_HEADERS }))
      .use(createRemoteRoutes({ ...deps, createUnreadTimeout }))
      .use(createDownloadRoutes({ ...deps, log: deps.http.log, createUnreadTimeout }))
      .get('/media/*', ({ request, params, server }) => handleMedia(params['*'], request, server))
      .get('/*', ({ request }) => {
        const file = serveUi(ui, request)
        if (!file) throw new ProblemError('not_found', 'There is nothing at this address.')
        return file
      })
  )
}

/** Creates the handlers of stored media, and of HEAD for them and for the UI. */
function createFileHandlers({ database, store, ui }: Pick<QueryDeps, 'database' | 'store' | 'ui'>) {
  const mediaDeps = { store, findPreviewSource: (preview: string) => findPreviewSource(database, preview) }
  const handleMedia = async (key: string, request: Request, server: Server | null) => {
    const media = { ...mediaDeps, onWaiting: createUnreadTimeout(request, server) }
    return await serveMedia(media, identityOf(request).workspaceId, key, request)
  }
  /** Handles HEAD for files. Elysia's own implementation runs GET and reads the whole body to learn its length. */
  const handleHead = (request: Request) => {
    if (request.method !== 'HEAD') return undefined
    const key = parseMediaKey(new URL(request.url).pathname)
    return key === undefined ? serveUi(ui, request) : handleMedia(key, request, null)
  }
  return { handleMedia, handleHead }
}

/** Returns a function that closes the connection of a client which reads nothing for a while of what was sent to it, or requests nothing more. */
function createUnreadTimeout(request: Request, server: Server | null): OnWaiting {
  return waitingFor => server?.timeout(request, TIMEOUT_SECONDS[waitingFor])
}
