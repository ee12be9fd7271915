import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig, readS3Settings, resolveDataDir } from '../src/config.ts'
import { openDatabase } from '../src/database/connection.ts'
import { LOCAL_OWNER } from '../src/http/identity.ts'
import { createLog } from '../src/log.ts'
import { openStore } from '../src/store/open-store.ts'
import { readRunFile } from './launch/run-file.ts'
import { createProgressBar } from './process/progress-bar.ts'
import { createBloat } from './seed/bloat.ts'
import { storeSeedImages } from './seed/images.ts'
import { insertGenerations } from './seed/rows.ts'

/**
 * `bun run seed-data --generations N [--bloat]`: fills the database of DATABASE_URL, else of the studio that runs here, with
 * synthetic generations that share a few small, valid images. With `--bloat` some have images as text in their raw parameters, as
 * older systems left them: 6 in 100 have 2 MB, 6 in 100 have 100 KB.
 */

const USAGE = 'bun run seed-data --generations N [--bloat], N from 1 to 1,000,000'

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { count, hasBloat } = parseOptions()
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  const url = config.DATABASE_URL ?? (await readRunFile(dataDir))?.databaseUrl
  if (!url) throw new Error('No studio runs here. Start one, or give the DATABASE_URL of a database.')
  const database = openDatabase({
    url,
    name: 'darkroom-seed-data',
    connections: 2,
    log: createLog({ service: 'seed-data', level: config.LOG_LEVEL }),
  })
  try {
    const store = await openStore({ DATA_DIR: dataDir, s3: readS3Settings(config) })
    const images = await storeSeedImages(store, LOCAL_OWNER.workspaceId)
    const bar = createProgressBar({ stream: process.stderr })
    const onBusy = (size: number) => bar.writeLine(`The database is busy: going on with ${size} at a time.`)
    const rows = { identity: LOCAL_OWNER, images, count, bloat: hasBloat ? createBloat() : null, onBusy }
    const onProgress = (done: number) => bar.update({ done, total: count, text: 'generations' })
    await insertGenerations(database, rows, onProgress).finally(bar.stop)
    process.stdout.write(`${count} generations were written. Open pages show them when they are loaded again.\n`)
  } finally {
    await database.end({ timeout: 5 })
  }
}

function parseOptions(): { count: number; hasBloat: boolean } {
  const { values } = parseArgs({ options: { generations: { type: 'string' }, bloat: { type: 'boolean' } } })
  const count = Number(values.generations)
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) throw new Error(USAGE)
  return { count, hasBloat: values.bloat === true }
}
