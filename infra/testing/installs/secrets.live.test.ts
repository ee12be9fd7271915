import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { formatAdminVerifier } from '../../src/http/admin-verifier.ts'
import { createLog } from '../../src/log.ts'
import { createUniqueImage, insertImportedGeneration, toDataUrl } from '../data/imported-rows.ts'
import { runCommand } from '../studio/run-command.ts'
import { startTestStudio, type TestStudio } from '../studio/test-studio.ts'
import { createTestDirectory } from '../test-resources.ts'
import { waitFor } from '../wait-for.ts'
import { generateImage } from './generate-image.ts'
import { listProcessTree } from './processes.ts'

/** Settings of the launcher's environment, and one that is none of the studio's. */
const CANARIES = {
  OPENAI_API_KEY: 'canary-of-openai-0001',
  OPENAI_COMPATIBLE_KEY: 'canary-of-compatible-0002',
  INTERNAL_API_SECRET: 'canary-of-administrators-of-thirty-two-characters',
  ENCRYPTION_KEY: 'ca7a51'.padEnd(64, '0'),
  AWS_SECRET_ACCESS_KEY: 'canary-of-somebody-else-0003',
  DATABASE_PASSWORD: 'canary-of-somebody-else-0004',
}
/** A secret that is in a file, whose path is what a process is given. */
const COMFYUI_KEY = 'canary-of-comfyui-0006'
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['backfill', /services\/ingest\/src\/backfill\/main\.ts/],
  ['ingest', /services\/ingest\/src\/main\.ts/],
  ['processor', /services\/processor\/src\/main\.ts/],
  ['query', /services\/query\/src\/main\.ts/],
  ['decoder', /images\/decoder\/decoder-main\.ts/],
  ['nats-server', /nats-server --config/],
  ['postgres', /^(\S*(setpriv|unshare) .*)?\S*postgres[: ]/],
  ['watchdog', /watchdog/],
]
/** The parts that have each secret in their environment. */
const EXPECTED: Record<string, readonly string[]> = {
  OPENAI_API_KEY: ['processor'],
  OPENAI_COMPATIBLE_KEY: ['processor'],
  COMFYUI_KEY: [],
  comfyUiKeyFile: ['processor'],
  INTERNAL_API_SECRET: ['ingest'],
  ENCRYPTION_KEY: ['ingest', 'processor'],
  AWS_SECRET_ACCESS_KEY: [],
  DATABASE_PASSWORD: [],
  adminVerifier: ['query'],
  postgresPassword: [],
  rolesSecret: [],
  ingestPassword: ['backfill', 'ingest'],
  processorPassword: ['processor'],
  queryPassword: ['query'],
  adminOfBus: [],
  ingestOfBus: ['backfill', 'ingest'],
  processorOfBus: ['processor'],
  queryOfBus: ['query'],
}

test('each process of a studio has the secrets that it needs, and none has one in its command line', async () => {
  await using directory = await createTestDirectory()
  const comfyUiKeyFile = join(directory.path, 'comfyui-key')
  await writeFile(comfyUiKeyFile, `${COMFYUI_KEY}\n`)
  const env = { ...CANARIES, COMFYUI_KEY_FILE: comfyUiKeyFile, OPENAI_COMPATIBLE_URL: 'http://127.0.0.1:9/v1' }
  await using studio = await startTestStudio(env)
  const secrets = { ...CANARIES, COMFYUI_KEY, comfyUiKeyFile, ...(await readOwnSecrets(studio.dataDir)) }
  const found = new Set<string>()
  const seen = new Set<string>()
  const look = async () => {
    for (const { part, texts } of await readProcesses(studio)) {
      seen.add(part)
      for (const [name, value] of Object.entries(secrets)) {
        if (texts.cmdline.includes(value)) found.add(`${name} in the command line of ${part}`)
        if (texts.environ.includes(value)) found.add(`${name} in ${part}`)
      }
    }
  }
  await using sql = openSql(studio)
  await generateImage(studio.url)
  await insertImportedGeneration(sql.database, { referenceImage: toDataUrl(await createUniqueImage(32, 32)) })
  const here = { DATA_DIR: studio.dataDir, DATABASE_URL: '', NATS_URL: '' }
  expect(await runCommand('backfill', ['reference-images'], here)).toMatchObject({ exitCode: 0 })
  await waitFor('The backfill process', 60_000, async () => {
    await look()
    return seen.has('backfill')
  })
  const expected = Object.entries(EXPECTED).flatMap(([name, parts]) => parts.map(part => `${name} in ${part}`))
  expect([...found].sort()).toEqual(expected.sort())
  // A decoder runs while there is something to decode.
  expect([...seen.add('decoder')].sort()).toEqual(PARTS.map(([part]) => part).sort())
  expect(await listDatabaseUsers(sql.database)).toEqual({
    'darkroom-ingest': 'darkroom_ingest',
    'darkroom-processor': 'darkroom_processor',
    'darkroom-query': 'darkroom_query',
  })
})

/** Reads the secrets that the launcher has made itself. */
async function readOwnSecrets(dataDir: string): Promise<Record<string, string>> {
  const read = async (...path: string[]) => (await readFile(join(dataDir, ...path), 'utf8')).trim()
  const rolesSecret = await read('database-roles')
  const derive = (service: string) => createHmac('sha256', rolesSecret).update(service).digest('hex')
  const bus = (await read('nats', 'nats.conf')).matchAll(/user: (\w+), password: "(\w+)"/g)
  return {
    adminVerifier: formatAdminVerifier(CANARIES.INTERNAL_API_SECRET),
    postgresPassword: await read('postgres', 'password'),
    rolesSecret,
    ingestPassword: derive('ingest'),
    processorPassword: derive('processor'),
    queryPassword: derive('query'),
    ...Object.fromEntries([...bus].map(([, user = '', password = '']) => [`${user}OfBus`, password])),
  }
}

/** Reads what /proc shows of every process that the launcher has started. A process that ends meanwhile has no texts. */
async function readProcesses({ dataDir }: TestStudio) {
  const launcher = (await readRunFile(dataDir))?.pid ?? 0
  const pids = (await listProcessTree(launcher)).filter(pid => pid !== launcher)
  const processes = await Promise.all(
    pids.map(async pid => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
      const texts = { cmdline: (await read('cmdline')).replaceAll('\0', ' '), environ: await read('environ') }
      const part = PARTS.find(([, pattern]) => pattern.test(texts.cmdline))?.[0] ?? `unknown: ${texts.cmdline}`
      return { part, texts }
    }),
  )
  return processes.filter(({ texts }) => texts.cmdline !== '')
}

function openSql({ databaseUrl }: TestStudio): AsyncDisposable & { database: Database } {
  const log = createLog({ service: 'test', level: 'silent' })
  const database = openDatabase({ url: databaseUrl, name: 'test', connections: 1, log })
  return { database, [Symbol.asyncDispose]: () => database.end({ timeout: 1 }) }
}

async function listDatabaseUsers(database: Database): Promise<Record<string, string>> {
  const rows = await database<{ name: string; user: string }[]>`
    select distinct application_name as name, usename::text as user from pg_stat_activity
    where application_name in ('darkroom-ingest', 'darkroom-processor', 'darkroom-query')`
  return Object.fromEntries(rows.map(({ name, user }) => [name, user]))
}
