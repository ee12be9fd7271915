import { type Connection, ConnectionChange, type Connections, NewConnection } from '@darkroom/contracts/connection'
import { NewWorkflow, type Workflow, WorkflowName, type Workflows } from '@darkroom/contracts/connections/workflow'
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
import { addWorkflow, listWorkflows, removeWorkflow } from './workflows.ts'

const Id = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9-]{1,100}$/)
const IdParams = { params: z.strictObject({ id: Id }) }
const WorkflowParams = { params: z.strictObject({ id: Id, name: WorkflowName }) }

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
    .get(
      '/api/connections/:id/workflows',
      async ({ params, set }): Promise<Workflows> => {
        set.headers['cache-control'] = 'no-store'
        return { workflows: await listWorkflows(deps, params.id) }
      },
      IdParams,
    )
    .post(
      '/api/connections/:id/workflows',
      async ({ params, body, set }): Promise<Workflow> => {
        set.status = 201
        return await addWorkflow(deps, params.id, body)
      },
      { ...IdParams, body: NewWorkflow },
    )
    .delete(
      '/api/connections/:id/workflows/:name',
      async ({ params, set }) => {
        await removeWorkflow(deps, params.id, params.name)
        set.status = 204
      },
      WorkflowParams,
    )
}
