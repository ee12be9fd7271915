import { openDatabase } from '../../src/database/connection.ts'
import { readStudioState, type StudioState } from '../../src/database/studio-state.ts'
import { createLog } from '../../src/log.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import { readRunFile } from './run-file.ts'

const READ_MS = 5_000
const RESTORED_LINE =
  'It is a restored copy: it shows everything and makes nothing until you run `bun run restore --take-over`.'

/** Returns a line for users about the mode of the studio on a data directory; undefined if it is the usual one. */
export async function describeMode(dataDir: string): Promise<string | undefined> {
  const url = (await readRunFile(dataDir))?.databaseUrl
  if (!url) return undefined
  // The studio runs all the same, and refuses submissions in the same words.
  const mode = await readMode(url).catch(() => undefined)
  return mode === 'restored' ? RESTORED_LINE : undefined
}

/** Returns the mode of the studio in a database. @throws DeadlineError; the error of the database */
export async function readMode(url: string): Promise<StudioState['mode']> {
  const log = createLog({ service: 'launcher', level: 'silent' })
  const database = openDatabase({ url, name: 'darkroom-launcher', connections: 1, log })
  try {
    const reading = withDeadline(readStudioState(database), { milliseconds: READ_MS, operation: 'the database' })
    return (await reading).mode
  } finally {
    await database.end({ timeout: 1 })
  }
}
