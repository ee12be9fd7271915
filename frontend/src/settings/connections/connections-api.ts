import type {
  Authority,
  Connection,
  ConnectionChange,
  Connections,
  NewConnection,
} from '@darkroom/contracts/connection'
import type { NewWorkflow, Workflow, Workflows } from '@darkroom/contracts/connections/workflow'
import { RejectedError } from '../../request-error.ts'
import { fetchFromStudio } from '../../studio-fetch.ts'

/** The studio's API of connections. Each function throws a `RejectedError` or an `UnavailableError`. */
export interface ConnectionsApi {
  list(): Promise<Connections>
  add(connection: NewConnection): Promise<Connection>
  change(id: string, change: ConnectionChange): Promise<Connection>
  /** Removes a connection. @param options `isLeaving`: the request outlives the document */
  remove(id: string, options?: { isLeaving?: boolean }): Promise<void>
  /** Requests a free check. Its result is in the state later. */
  check(id: string): Promise<void>
  listWorkflows(id: string): Promise<readonly Workflow[]>
  /** Adds a workflow, or replaces the one of its name. */
  addWorkflow(id: string, workflow: NewWorkflow): Promise<Workflow>
  removeWorkflow(id: string, name: string): Promise<void>
  /** Returns whether this browser may change settings. */
  authority(): Promise<Authority>
  /** Signs in with the studio's secret. The response sets a cookie. */
  signIn(secret: string): Promise<void>
}

interface Sending {
  method?: 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  keepalive?: boolean
}

/** Creates the client of the API of connections. It is loaded with its page. */
export function createConnectionsApi(): ConnectionsApi {
  const pathOf = (id: string) => `/api/connections/${encodeURIComponent(id)}`
  return {
    list: async () => (await send('/api/connections')) as Connections,
    add: async body => (await send('/api/connections', { method: 'POST', body })) as Connection,
    change: async (id, body) => (await send(pathOf(id), { method: 'PATCH', body })) as Connection,
    remove: async (id, { isLeaving = false } = {}) =>
      void (await send(pathOf(id), { method: 'DELETE', keepalive: isLeaving })),
    check: async id => void (await send(`${pathOf(id)}/check`, { method: 'POST' })),
    listWorkflows: async id => ((await send(`${pathOf(id)}/workflows`)) as Workflows).workflows,
    addWorkflow: async (id, body) => (await send(`${pathOf(id)}/workflows`, { method: 'POST', body })) as Workflow,
    removeWorkflow: async (id, name) =>
      void (await send(`${pathOf(id)}/workflows/${encodeURIComponent(name)}`, { method: 'DELETE' })),
    authority: async () => (await send('/api/auth')) as Authority,
    signIn: async secret => void (await send('/api/auth/admin', { method: 'POST', body: { secret } })),
  }
}

async function send(path: string, { method, body, keepalive = false }: Sending = {}): Promise<unknown> {
  const response = await fetchFromStudio(path, {
    ...(method && { method }),
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    keepalive,
  })
  return await response.json().catch(() => null)
}

/** Returns whether the studio's secret is needed for a request that was refused. */
export function needsAdmin(error: unknown): boolean {
  return error instanceof RejectedError && (error.status === 401 || error.status === 403)
}
