import { readConfig } from '@darkroom/infra/config'
import { openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { ProviderError } from '../../providers/adapter.ts'
import { type CheckedConnection, listConnections } from '../check-command/list-connections.ts'
import { createAdapter } from '../create-adapter.ts'
import { classifyModels, type ListedModel, type UsedModel } from './classify-models.ts'
import { readUsedModels } from './used-model-rows.ts'

/** `bun models-command/main.ts [connection]`: lists the models of connections. `models:list` starts it. */

const DEADLINE_MS = 60_000
const NO_DATABASE = 'The database of the studio cannot be read. See what is wrong by `bun run doctor`.'
const NOT_HERE = 'Its models cannot be listed here: it lacks a key, or is a part of the studio.'
/** Characters that would make a terminal do something: names of models are a server's own. */
const CONTROLS = /\p{Cc}/gu

process.exitCode = await main(process.argv[2])

async function main(wanted: string | undefined): Promise<0 | 1 | 2> {
  const config = readConfig()
  const all = await listConnections(config).catch(() => undefined)
  if (!all) return fail(NO_DATABASE, 1)
  const selected = all.filter(({ id }) => wanted === undefined || id === wanted)
  if (selected.length === 0 && wanted !== undefined)
    return fail(`There is no connection ${wanted}. There are ${all.map(({ id }) => id).join(', ') || 'none'}.`, 2)
  const used = await readUsed(
    config.DATABASE_URL,
    selected.map(({ id }) => id),
  )
  let code: 0 | 1 = 0
  for (const connection of selected) {
    const listed = await listModels(connection, used.get(connection.id) ?? [])
    if (typeof listed === 'string') code = 1
    write(connection.id, listed)
  }
  return code
}

/** @returns the models, or a sentence about why they cannot be listed */
async function listModels(
  { obstacle, ...settings }: CheckedConnection,
  used: readonly UsedModel[],
): Promise<ListedModel[] | string> {
  const adapter = obstacle === null ? createAdapter(settings) : undefined
  if (!adapter) return obstacle ?? NOT_HERE
  try {
    return classifyModels(await adapter.models(AbortSignal.timeout(DEADLINE_MS)), used)
  } catch (error) {
    if (error instanceof ProviderError) return error.message
    throw error
  }
}

/** Reads the models that were used, by connection: none without a studio. */
async function readUsed(url: string | undefined, connections: readonly string[]): Promise<Map<string, UsedModel[]>> {
  if (url === undefined) return new Map()
  const log = createLog({ service: 'processor', level: 'silent' })
  const database = openDatabase({ url, name: 'darkroom-models-list', connections: 1, log })
  try {
    const used = new Map<string, UsedModel[]>()
    for (const connection of connections) used.set(connection, await readUsedModels(database, connection))
    return used
  } finally {
    await database.end({ timeout: 1 })
  }
}

function write(connection: string, listed: ListedModel[] | string): void {
  const lines =
    typeof listed === 'string'
      ? [`${connection}  failed  ${listed}`]
      : listed.map(({ id, state, detail }) => `${connection}  ${state}  ${id}  ${detail}`)
  if (lines.length === 0) lines.push(`${connection}  offered  nothing`)
  process.stdout.write(`${lines.map(line => line.replace(CONTROLS, '�')).join('\n')}\n`)
}

function fail<Code extends 1 | 2>(message: string, code: Code): Code {
  process.stderr.write(`${message}\n`)
  return code
}
