import { Uuid } from '@darkroom/contracts/generation'
import { DownloadRequest } from '@darkroom/contracts/history/download'
import type { OnWaiting } from '@darkroom/infra/http/forward-stream'
import { identityOf } from '@darkroom/infra/http/identity'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { type DownloadDeps, respondZip } from './download.ts'
import { DownloadParameters, FileParameters } from './download-parameters.ts'
import { createDownloadSlots } from './download-slots.ts'
import { type FileDeps, respondFile } from './single-file.ts'

/** The parts of a request's context that a download needs. */
interface RequestContext {
  request: Request
  server: Pick<Bun.Server<unknown>, 'timeout'> | null
}

export interface DownloadRoutesDeps extends Omit<DownloadDeps, 'slots'>, FileDeps {
  /** Returns what closes the connection of a client that reads nothing for a while. */
  createUnreadTimeout(request: Request, server: RequestContext['server']): OnWaiting
}

/** ZIPs that one workspace is sent at once: each keeps the store and a processor busy. */
const MAX_DOWNLOADS = 2

const FilePath = z.strictObject({ id: Uuid, index: z.coerce.number().int().min(0).max(99) })

/** Creates the routes of `/api/download`. HEAD has handlers of its own: Elysia's would make the whole body to learn its length. */
export function createDownloadRoutes(deps: DownloadRoutesDeps) {
  const slots = createDownloadSlots(MAX_DOWNLOADS)
  const zip = (context: RequestContext, { ids, metadata }: DownloadRequest) =>
    respondZip({ ...deps, slots }, { ids, withoutMetadata: metadata === 'none', ...describeRequest(deps, context) })
  const file = (
    context: RequestContext,
    path: z.infer<typeof FilePath>,
    { metadata }: z.infer<typeof FileParameters>,
  ) => respondFile(deps, { ...path, withoutMetadata: metadata === 'none', ...describeRequest(deps, context) })
  const zipSchema = { query: DownloadParameters }
  const fileSchema = { params: FilePath, query: FileParameters }
  return new Elysia({ normalize: false })
    .get('/api/download', async ({ query, request, server }) => await zip({ request, server }, query), zipSchema)
    .head('/api/download', async ({ query, request, server }) => await zip({ request, server }, query), zipSchema)
    .post('/api/download', async ({ body, request, server }) => await zip({ request, server }, body), {
      body: DownloadRequest,
    })
    .get(
      '/api/download/:id/:index',
      async ({ params, query, request, server }) => await file({ request, server }, params, query),
      fileSchema,
    )
    .head(
      '/api/download/:id/:index',
      async ({ params, query, request, server }) => await file({ request, server }, params, query),
      fileSchema,
    )
}

function describeRequest(deps: Pick<DownloadRoutesDeps, 'createUnreadTimeout'>, { request, server }: RequestContext) {
  return {
    request,
    workspaceId: identityOf(request).workspaceId,
    isHead: request.method === 'HEAD',
    signal: request.signal,
    onWaiting: deps.createUnreadTimeout(request, server),
  }
}
