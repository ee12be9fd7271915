import { readRunFile } from '../../local/launch/run-file.ts'
import { type Bus, openBus } from '../../src/bus/bus.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import type { TestStudio } from '../../testing/studio/test-studio.ts'

/** Connections to the database and the bus of a studio that runs. */
export interface StudioClients extends AsyncDisposable {
  database: Database
  bus: Bus
}

/** Connects to a studio past its gateway. Its statements have no time limit: rows of a benchmark are many. */
export async function openStudioClients(studio: TestStudio): Promise<StudioClients> {
  await using stack = new AsyncDisposableStack()
  const log = createLog({ service: 'bench', level: 'silent' })
  const database = openDatabase({ url: studio.databaseUrl, name: 'bench', connections: 2, statementMs: 0, log })
  stack.defer(() => database.end({ timeout: 2 }))
  const natsUrl = (await readRunFile(studio.dataDir))?.natsUrl ?? ''
  const bus = await openBus({ url: natsUrl, name: 'bench', log })
  stack.defer(() => bus.close())
  const disposables = stack.move()
  return { database, bus, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}
