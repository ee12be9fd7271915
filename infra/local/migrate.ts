import { resolve } from 'node:path'
import { readConfig, resolveDataDir } from '../src/config.ts'
import { migrate } from '../src/database/migrations.ts'
import { renewServiceRoles } from './access/service-databases.ts'
import { readRunFile } from './launch/run-file.ts'

/** `bun run migrate`: brings the tables of DATABASE_URL, else of the studio that runs here, up to date. */

const printLine = (line: string) => process.stdout.write(`${line}\n`)

try {
  const config = readConfig()
  const url = config.DATABASE_URL ?? (await readRunFile(resolve(resolveDataDir(config))))?.databaseUrl
  if (!url) throw new Error('No studio runs here. Give the DATABASE_URL of the database; `bun start` migrates its own.')
  const { applied } = await migrate({ url, onMessage: printLine })
  await renewServiceRoles({ config, url, onMessage: printLine })
  if (applied.length === 0) printLine('The database is up to date.')
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
