import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, readConfig, resolveDataDir } from '@darkroom/infra/config'
import { createLog } from '@darkroom/infra/log'
import { openLocalPackages } from '../../providers/local/local-packages.ts'
import { openUpscaler, type Upscaler } from '../../providers/local/upscaler.ts'
import { type CheckReport, checkConnection } from './check-connection.ts'
import { formatLines, formatTables } from './format-reports.ts'
import { type CheckedConnection, listConnections } from './list-connections.ts'

/** `bun check-command/main.ts [connection] [--transcript FILE]`: checks connections at no cost. `providers:check` starts it. */

const NO_DATABASE = 'The database of the studio cannot be read. See what is wrong by `bun run doctor`.'
const { values, positionals } = parseArgs({ options: { transcript: { type: 'string' } }, allowPositionals: true })
process.exitCode = await main(positionals[0], values.transcript)

async function main(wanted: string | undefined, file: string | undefined): Promise<0 | 1 | 2> {
  const config = readConfig()
  const all = await listConnections(config).catch(() => undefined)
  if (!all) return fail(NO_DATABASE, 1)
  const selected = all.filter(({ id }) => wanted === undefined || id === wanted)
  if (selected.length === 0 && wanted !== undefined)
    return fail(`There is no connection ${wanted}. ${describeNames(all, config.DATABASE_URL !== undefined)}`, 2)
  if (selected.length === 0) process.stdout.write(`${describeNames(all, config.DATABASE_URL !== undefined)}\n`)
  const upscaler = openCheckUpscaler(config)
  const reports = await Promise.all(selected.map(connection => checkConnection(connection, upscaler)))
  await upscaler.close()
  for (const line of process.stdout.isTTY ? formatTables(reports) : formatLines(reports))
    process.stdout.write(`${line}\n`)
  if (file !== undefined && !(await writeTranscript(file, reports)))
    return fail(`The transcript cannot be written to ${file}.`, 2)
  return reports.every(({ isWorking }) => isWorking) ? 0 : 1
}

function openCheckUpscaler(config: Config): Upscaler {
  const log = createLog({ service: 'processor', level: 'silent' })
  const directory = join(resolveDataDir(config), 'local-models')
  return openUpscaler({ packages: openLocalPackages({ directory, log, signal: new AbortController().signal }), log })
}

function fail<Code extends 1 | 2>(message: string, code: Code): Code {
  process.stderr.write(`${message}\n`)
  return code
}

function describeNames(all: readonly CheckedConnection[], hasStudio: boolean): string {
  if (all.length > 0) return `There are ${all.map(({ id }) => id).join(', ')}.`
  return hasStudio
    ? 'There is no connection to check.'
    : 'No studio runs here, and the environment has no connection to check.'
}

/** Writes the transcripts, by the ids of the connections. @returns whether that was possible */
async function writeTranscript(file: string, reports: readonly CheckReport[]): Promise<boolean> {
  const transcripts = Object.fromEntries(reports.map(({ connection, transcript }) => [connection, transcript]))
  return await writeFile(file, `${JSON.stringify(transcripts, null, 2)}\n`).then(
    () => true,
    () => false,
  )
}
