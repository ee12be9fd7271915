import { resolve } from 'node:path'
import { type Bus, openBus } from '../../src/bus/bus.ts'
import { readBusAccess, readConfig, resolveDataDir } from '../../src/config.ts'
import { type Database, openDatabase, waitUntilResponsive } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { readReason } from '../../src/runtime/error-code.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import { readRunFile } from '../launch/run-file.ts'
import { StartError } from '../process/server-process.ts'

/** Connections to the running studio that a command needs. */
export interface StudioConnection {
  database: Database
  bus: Bus
}

const CONNECT_TIMEOUT_MS = 5_000
const NO_STUDIO_MESSAGE =
  'No studio runs here: start it, or give the DATABASE_URL and the NATS_URL of one that runs elsewhere.'

/**
 * Runs `work` with the database and the bus of the studio that the settings name, else of the one on this data directory, and
 * closes both afterwards.
 *
 * @throws StartError if no studio runs, or its database or bus does not answer
 */
export async function withStudioConnection<T>(work: (studio: StudioConnection) => Promise<T>): Promise<T> {
  const config = readConfig()
  const run = await readRunFile(resolve(resolveDataDir(config)))
  const [databaseUrl, natsUrl] = [
    config.DATABASE_URL ?? run?.databaseUrl,
    config.NATS_URL_INGEST ?? config.NATS_URL ?? run?.natsUrl,
  ]
  if (!databaseUrl || !natsUrl) throw new StartError(NO_STUDIO_MESSAGE)
  const log = createLog({ service: 'backfill', level: 'silent' })
  await using stack = new AsyncDisposableStack()
  const database = openDatabase({ url: databaseUrl, name: 'darkroom-command', connections: 2, log })
  stack.defer(() => database.end({ timeout: 1 }))
  let isRetrying = false
  const onRetry = (error: unknown) => {
    if (!isRetrying) process.stderr.write(`The database does not answer yet (${readReason(error)}). Trying again…\n`)
    isRetrying = true
  }
  await waitUntilResponsive(database, { signal: new AbortController().signal, onRetry }).catch(cause => {
    throw new StartError('The database of the studio does not answer. Does the studio run?', { cause })
  })
  const access = readBusAccess({ ...config, NATS_URL: natsUrl })
  const opening = openBus({ ...access, name: 'darkroom-command', service: 'ingest', log })
  const bus = await withDeadline(opening, { milliseconds: CONNECT_TIMEOUT_MS, operation: 'NATS' }).catch(cause => {
    void opening.then(late => late.close())
    throw new StartError('NATS does not answer. Does the studio run?', { cause })
  })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  return await work({ database, bus })
}
