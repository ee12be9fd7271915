import { Connection, Connections, type NewConnection } from '@darkroom/contracts/connection'
import { waitFor } from '../wait-for.ts'
import { postJson, type StudioClient } from './studio-client.ts'

type Requests = Pick<StudioClient, 'fetch'>

/** Time within which every processor has noticed a change of the connections. */
export const CHANGE_MS = 5_000

export async function listConnections({ fetch }: Requests): Promise<Connection[]> {
  return Connections.parse(await (await fetch('/api/connections')).json()).connections
}

/** Adds a connection. @throws Error with the response's text unless it is accepted */
export async function addConnection({ fetch }: Requests, body: NewConnection): Promise<Connection> {
  const response = await postJson(fetch, '/api/connections', body)
  if (!response.ok) throw new Error(await response.text())
  return Connection.parse(await response.json())
}

/** Requests a check, and waits until it was made. @returns the connection with its result */
export async function checkConnection(client: Requests, id: string, milliseconds?: number): Promise<Connection> {
  const before = (await listConnections(client)).find(connection => connection.id === id)?.checkedAt
  const response = await postJson(client.fetch, `/api/connections/${id}/check`, {})
  if (response.status !== 202) throw new Error(await response.text())
  const isChecked = ({ state, checkedAt }: Connection) => state.kind !== 'checking' && checkedAt !== before
  return await waitForConnection(client, id, isChecked, milliseconds)
}

/** Waits until a connection matches. @throws Error with the connection as it was last */
export async function waitForConnection(
  client: Requests,
  id: string,
  matches: (connection: Connection) => boolean,
  milliseconds = 60_000,
): Promise<Connection> {
  let last: Connection | undefined
  const poll = async () => {
    last = (await listConnections(client)).find(connection => connection.id === id)
    return last && matches(last) && last
  }
  return await waitFor(`Connection ${id}`, milliseconds, poll, 50).catch(cause => {
    throw new Error(`${cause.message}; it was ${JSON.stringify(last)}`, { cause })
  })
}

/** Returns the ids of the models that are offered, of one connection unless all are wanted. */
export async function listModelIds({ fetch }: Requests, connection?: string): Promise<string[]> {
  const models = (await (await fetch('/api/models')).json()) as { id: string; connection: string }[]
  return models.filter(model => connection === undefined || model.connection === connection).map(({ id }) => id)
}

/** Waits until a connection's models are offered, or until none of them is. @returns their ids */
export async function waitForModels(
  client: Requests,
  connection: string,
  { areOffered = true, milliseconds = 60_000 }: { areOffered?: boolean; milliseconds?: number } = {},
): Promise<string[]> {
  const poll = async () => {
    const ids = await listModelIds(client, connection)
    return ids.length > 0 === areOffered && ids
  }
  return await waitFor(
    `The models of ${connection} ${areOffered ? 'to be' : 'not to be'} offered`,
    milliseconds,
    poll,
    50,
  )
}
