import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, readConfig, readS3Settings, resolveDataDir } from '../../src/config.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { assertClusterOwner } from '../embedded/cluster.ts'
import { startPostgres } from '../embedded/postgres.ts'
import { lockFile } from '../launch/lock.ts'
import { readRunFile, stopOrphanProcesses } from '../launch/run-file.ts'
import { StartError } from '../process/server-process.ts'

/** The parts of a studio that contain something: a backup reads them, a restore fills them. */
export interface StudioParts {
  databaseUrl: string
  store: Store
  dataDir: string
  /** The journal of this host's processors. */
  journal: string
  /** Description of both parts, for people. */
  description: string
}

export interface OpenPartsOptions {
  signal: AbortSignal
  onMessage: (line: string) => void
}

/**
 * Opens the parts that the settings name, else those of the studio on this data directory. If no studio runs on it, its Postgres
 * is started under the lock of the directory, and stopped when `stack` is disposed of.
 *
 * @throws StartError if there is no studio, or it is just being started or stopped
 */
export async function openStudioParts(stack: AsyncDisposableStack, options: OpenPartsOptions): Promise<StudioParts> {
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  const databaseUrl = config.DATABASE_URL ?? (await findDatabase(stack, dataDir, options))
  return await toParts(config, dataDir, databaseUrl)
}

/** Describes parts whose database has this URL. */
export async function toParts(config: Config, dataDir: string, databaseUrl: string): Promise<StudioParts> {
  const s3 = readS3Settings(config)
  const database = config.DATABASE_URL === undefined ? `the database in ${dataDir}` : 'the database of DATABASE_URL'
  const objects = s3 ? `the bucket ${s3.bucket}` : join(dataDir, 'objects')
  return {
    databaseUrl,
    store: await openStore({ DATA_DIR: dataDir, s3 }),
    dataDir,
    journal: join(dataDir, 'journal'),
    description: `${database} and ${objects}`,
  }
}

/** Starts the embedded Postgres of a data directory whose lock this process has. */
export async function startEmbeddedDatabase(
  stack: AsyncDisposableStack,
  dataDir: string,
  options: OpenPartsOptions,
): Promise<string> {
  const paths = { dataDir: join(dataDir, 'postgres'), log: join(dataDir, 'logs', 'postgres.log') }
  await assertClusterOwner(paths.dataDir)
  await stopOrphanProcesses(dataDir, options)
  const server = await startPostgres({ ...paths, ...options })
  stack.defer(() => server.stop())
  return server.url
}

async function findDatabase(stack: AsyncDisposableStack, dataDir: string, options: OpenPartsOptions): Promise<string> {
  if (!existsSync(join(dataDir, 'postgres', 'cluster', 'PG_VERSION'))) {
    throw new StartError(`There is no studio in ${dataDir}. Set DATA_DIR, or DATABASE_URL for one that runs elsewhere.`)
  }
  const unlock = lockFile(join(dataDir, 'lock'))
  if (!unlock) {
    const url = (await readRunFile(dataDir))?.databaseUrl
    if (url) return url
    throw new StartError(`The studio in ${dataDir} is being started or stopped. Wait a moment and try again.`)
  }
  stack.defer(unlock)
  options.onMessage('No studio runs here: its database is started for the time.')
  return await startEmbeddedDatabase(stack, dataDir, options)
}
