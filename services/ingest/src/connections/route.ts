import { type Connection, ConnectionChange, type Connections, NewConnection } from '@darkroom/contracts/connection'
import { Elysia } from 'elysia'
import { z } from 'zod'
import {
  addConnection,
  type ConnectionDeps,
  changeConnection,
  listConnections,
  removeConnection,
  requestCheck,
} from './connections.ts'

const IdParams = { params: z.strictObject({ id: z.string().regex(/^[a-z0-9-]{1,100}$/) }) }

/** Creates the routes of `/api/connections`, for administrators. Keys go in and never come out. */
export function createConnectionsRoute(deps: ConnectionDeps) {
  return new Elysia({ normalize: false })
    .get('/api/connections', async ({ set }): Promise<Connections> => {
      set.headers['cache-control'] = 'no-store'
      return await listConnections(deps)
    })
    .post(
      '/api/connections',
      async ({ body, set }): Promise<Connection> => {
        set.status = 201
        return await addConnection(deps, body)
      },
      { body: NewConnection },
    )
    .patch(
      '/api/connections/:id',
      async ({ body, params }): Promise<Connection> => await changeConnection(deps, params.id, body),
      { ...IdParams, body: ConnectionChange },
    )
    .delete(
      '/api/connections/:id',
      async ({ params, set }) => {
        await removeConnection(deps, params.id)
        set.status = 204
      },
      IdParams,
    )
    .post(
      '/api/connections/:id/check',
      async ({ params, set }): Promise<Connection> => {
        set.status = 202
        return await requestCheck(deps, params.id)
      },
      IdParams,
    )
}
