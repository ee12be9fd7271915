import { resolve } from 'node:path'
import { type Bus, openBus } from '../../src/bus/bus.ts'
import { dataDirectory, readConfig } from '../../src/config.ts'
import { type Database, openDatabase, pingDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import { readRunFile } from '../launch/run-file.ts'
import { PartError } from '../process/server-process.ts'

/** A studio that runs, as far as a command needs it. */
export interface Reached {
  database: Database
  bus: Bus
}

const REACH_MS = 5_000
const NOBODY = 'No studio runs here: start it, or give the DATABASE_URL and the NATS_URL of one that runs elsewhere.'

/**
 * Opens the database and the bus of the studio that the settings name, else of the one that runs on this data directory, for as
 * long as `work` takes.
 *
 * @throws PartError if there is none, or it does not answer
 */
export async function withStudio<T>(work: (studio: Reached) => Promise<T>): Promise<T> {
  const config = readConfig()
  const run = await readRunFile(resolve(dataDirectory(config)))
  const [databaseUrl, natsUrl] = [config.DATABASE_URL ?? run?.databaseUrl, config.NATS_URL ?? run?.natsUrl]
  if (!databaseUrl || !natsUrl) throw new PartError(NOBODY)
  const log = createLog({ service: 'backfill', level: 'silent' })
  await using stack = new AsyncDisposableStack()
  const database = openDatabase({ url: databaseUrl, name: 'darkroom-command', connections: 2, log })
  stack.defer(() => database.end({ timeout: 1 }))
  await pingDatabase(database).catch(cause => {
    throw new PartError('The database of the studio does not answer. Does the studio run?', { cause })
  })
  const opening = openBus({ url: natsUrl, name: 'darkroom-command', log })
  const bus = await withDeadline(opening, { milliseconds: REACH_MS, what: 'NATS' }).catch(cause => {
    void opening.then(late => late.close())
    throw new PartError('NATS does not answer. Does the studio run?', { cause })
  })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  return await work({ database, bus })
}
