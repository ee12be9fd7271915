import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { dataDirectory, readConfig, s3Settings } from '../src/config.ts'
import { openDatabase } from '../src/database/connection.ts'
import { LOCAL_OWNER } from '../src/http/identity.ts'
import { createLog } from '../src/log.ts'
import { openStore } from '../src/store/open-store.ts'
import { readRunFile } from './launch/run-file.ts'
import { makeBloat } from './seed/bloat.ts'
import { storePictures } from './seed/images.ts'
import { insertRows } from './seed/rows.ts'

/**
 * `bun run seed-data --generations N [--bloat]`: fills the database of DATABASE_URL, else of the studio that runs here, with
 * generations that were never made: small real pictures, shared. With `--bloat` some carry pictures as text in their raw
 * parameters, as older systems left them (6 in 100 of them 2 MB, 6 in 100 of them 100 KB).
 */

const USAGE = 'bun run seed-data --generations N [--bloat], N from 1 to 1,000,000'

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { count, bloated } = options()
  const config = readConfig()
  const dataDir = resolve(dataDirectory(config))
  const url = config.DATABASE_URL ?? (await readRunFile(dataDir))?.databaseUrl
  if (!url) throw new Error('No studio runs here. Start one, or give the DATABASE_URL of a database.')
  const database = openDatabase({
    url,
    name: 'darkroom-seed-data',
    connections: 2,
    log: createLog({ service: 'seed-data', level: config.LOG_LEVEL }),
  })
  try {
    const store = await openStore({ DATA_DIR: dataDir, s3: s3Settings(config) })
    const pictures = await storePictures(store, LOCAL_OWNER.workspaceId)
    const rows = { identity: LOCAL_OWNER, pictures, count, bloat: bloated ? makeBloat() : null }
    await insertRows(database, rows, done => process.stderr.write(`\r${done} of ${count}`))
    process.stdout.write(`\n${count} generations were written. Open pages show them when they are loaded again.\n`)
  } finally {
    await database.end({ timeout: 5 })
  }
}

function options(): { count: number; bloated: boolean } {
  const { values } = parseArgs({ options: { generations: { type: 'string' }, bloat: { type: 'boolean' } } })
  const count = Number(values.generations)
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) throw new Error(USAGE)
  return { count, bloated: values.bloat === true }
}
