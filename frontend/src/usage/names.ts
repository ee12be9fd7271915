import type { Model } from '@darkroom/contracts/model'

/** The names of models and connections for people. What the studio offers no more is named by its id. */
export interface Names {
  model: (id: string) => string
  connection: (id: string) => string
}

/** Creates the names from the offered models. A name that several of them have is followed by that of the connection. */
export function createNames(
  modelsById: ReadonlyMap<string, Pick<Model, 'name' | 'connection' | 'connectionName'>>,
): Names {
  const models = [...modelsById.values()]
  const connections = new Map(models.map(({ connection, connectionName }) => [connection, connectionName]))
  const counts = new Map([...Map.groupBy(models, ({ name }) => name)].map(([name, { length }]) => [name, length]))
  const connection = (id: string) => connections.get(id) ?? id
  const model = (id: string) => {
    const found = modelsById.get(id)
    if (!found) return id
    return (counts.get(found.name) ?? 0) > 1 ? `${found.name}, ${connection(found.connection)}` : found.name
  }
  return { model, connection }
}
