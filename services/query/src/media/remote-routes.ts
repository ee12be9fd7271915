import { Uuid } from '@darkroom/contracts/generation'
import type { Database } from '@darkroom/infra/database/connection'
import type { OnWaiting } from '@darkroom/infra/http/forward-stream'
import { identityOf } from '@darkroom/infra/http/identity'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { findRemoteOutput, findRemoteReference, type RemoteMedia, serveRemoteMedia } from './remote-media.ts'

export interface RemoteRoutesDeps {
  database: Database
  /** Origins on private addresses that provider outputs may come from. */
  allowOrigins: readonly string[]
  /** Returns what closes the connection of a client that reads nothing for a while. */
  createUnreadTimeout(request: Request, server: Server | null): OnWaiting
}

type Server = Pick<Bun.Server<unknown>, 'timeout'>

interface RemoteContext {
  params: z.infer<typeof RemoteParams>
  request: Request
  server: Server | null
}

const RemoteParams = z.strictObject({ id: Uuid, index: z.coerce.number().int().min(0).max(99) })

/** Creates the routes of media that is not in the store. HEAD has handlers of its own: Elysia's would fetch all of it to learn its length. */
export function createRemoteRoutes(deps: RemoteRoutesDeps) {
  const { database, allowOrigins } = deps
  const serve = (find: typeof findRemoteOutput) => {
    return async ({ params: { id, index }, request, server }: RemoteContext) => {
      const remote: RemoteMedia | undefined = await find(database, identityOf(request).workspaceId, id, index)
      const onWaiting = deps.createUnreadTimeout(request, server)
      return await serveRemoteMedia(remote, { allowOrigins, request, onWaiting })
    }
  }
  const [output, reference] = [serve(findRemoteOutput), serve(findRemoteReference)]
  const schema = { params: RemoteParams }
  return new Elysia({ normalize: false })
    .get(
      '/media/remote/:id/:index',
      async ({ params, request, server }) => await output({ params, request, server }),
      schema,
    )
    .head(
      '/media/remote/:id/:index',
      async ({ params, request, server }) => await output({ params, request, server }),
      schema,
    )
    .get(
      '/media/remote/:id/ref/:index',
      async ({ params, request, server }) => await reference({ params, request, server }),
      schema,
    )
    .head(
      '/media/remote/:id/ref/:index',
      async ({ params, request, server }) => await reference({ params, request, server }),
      schema,
    )
}
