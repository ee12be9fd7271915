import { type Config, resolveDataDir } from '@darkroom/infra/config'
import { type EncryptionKey, findEncryptionKey } from '@darkroom/infra/connections/encryption-key'
import { openKey } from '@darkroom/infra/connections/secret-box'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import type { WorkflowFile } from '../../providers/comfyui/load-workflows.ts'
import { type ConnectionRow, findEnvironmentId, readConnectionRows } from '../connection-rows.ts'
import type { AdapterSettings } from '../create-adapter.ts'
import { computeEnvironmentHmac, type EnvironmentConnection, readEnvironmentConnections } from '../environment.ts'

import { readWorkflowFolder } from '../workflow-folder.ts'
import { readUploadedWorkflows } from '../workflow-rows.ts'
import { createFixedWorkflows, mergeWorkflows } from '../workflow-source.ts'

/** A connection that can be checked, or the reason why not here. */
export type CheckedConnection = AdapterSettings & {
  /** A sentence for users; null if it can be checked. */
  obstacle: string | null
}

type CheckedSettings = Omit<CheckedConnection, 'workflows'>

const UNREADABLE_KEY = 'Its key cannot be opened with the encryption key of this machine. Enter it again in Settings.'

/**
 * Lists the connections of the environment, and those of the studio's database where there is one. Nothing is written.
 *
 * @throws the database's error
 */
export async function listConnections(config: Config): Promise<CheckedConnection[]> {
  const environment = readEnvironmentConnections(config)
  const files = await readWorkflowFolder(resolveDataDir(config))
  if (config.DATABASE_URL === undefined)
    return environment.map(connection => ({ ...toChecked(connection, []), workflows: createFixedWorkflows(files) }))
  const log = createLog({ service: 'processor', level: 'silent' })
  const database = openDatabase({ url: config.DATABASE_URL, name: 'darkroom-providers-check', connections: 1, log })
  try {
    const encryptionKey = await findEncryptionKey({ ...config, DATA_DIR: resolveDataDir(config) }).catch(
      () => undefined,
    )
    const rows = (await readConnectionRows(database)).filter(({ draft, isDraining }) => !draft && !isDraining)
    const own = await Promise.all(
      environment.map(async connection => {
        const hmac = encryptionKey && computeEnvironmentHmac(encryptionKey, connection)
        const id = hmac === undefined ? undefined : await findEnvironmentId(database, connection.variable, hmac)
        return toChecked(connection, rows, id)
      }),
    )
    const stored = rows.filter(({ source }) => source === 'stored')
    const all = [...own, ...stored.map(row => openStored(row, encryptionKey))]
    return await Promise.all(all.map(async settings => await withWorkflows(database, settings, files)))
  } finally {
    await database.end({ timeout: 1 })
  }
}

async function withWorkflows(
  database: Database,
  settings: CheckedSettings,
  files: readonly WorkflowFile[],
): Promise<CheckedConnection> {
  const uploaded = settings.kind === 'comfyui' ? await readUploadedWorkflows(database, settings.id) : []
  return { ...settings, workflows: createFixedWorkflows(mergeWorkflows(uploaded, files)) }
}

/** Returns a connection of the environment, with the id and the dialect of its row once a studio has one. */
function toChecked(
  { kind, baseUrl, key }: EnvironmentConnection,
  rows: readonly ConnectionRow[],
  rowId?: string,
): CheckedSettings {
  const ownId = rows.some(({ id }) => id === kind) ? `${kind}-environment` : kind
  const { id = ownId, dialect = null, foundDialect = null } = rows.find(row => row.id === rowId) ?? {}
  return { id, kind, baseUrl, key, dialect, foundDialect, obstacle: null }
}

function openStored(row: ConnectionRow, encryptionKey: EncryptionKey | undefined): CheckedSettings {
  const { id, kind, baseUrl, dialect, foundDialect, keySealed } = row
  const settings = { id, kind, baseUrl, dialect, foundDialect }
  if (keySealed === null) return { ...settings, key: null, obstacle: null }
  try {
    if (!encryptionKey) return { ...settings, key: null, obstacle: UNREADABLE_KEY }
    return { ...settings, key: openKey(encryptionKey, id, keySealed), obstacle: null }
  } catch {
    return { ...settings, key: null, obstacle: UNREADABLE_KEY }
  }
}
