import { join } from 'node:path'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { listProcessTree } from '../../testing/installs/processes.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { runBackfill } from '../backfill/backfill-studio.ts'
import { readPeakBytes, readResidentBytes } from '../kit/process-use.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { openStudioClients } from '../kit/studio-clients.ts'
import { insertRows, ROW_SETS, type RowSetName, writeFiles } from './import-database-rows.ts'

const MB = 1_000_000
const SAMPLE_MS = 100
const MAX_GROWTH = 1.2
const MAX_MEMORY_MB = 900

const METHOD = [
  'A database as the migrations of Prisma make it, on the same Postgres as that of the studio, which runs meanwhile:',
  '',
  `- **plain**: ${ROW_SETS.plain.rows.toLocaleString('en')} generations of a few outputs each, which are at addresses`,
  `- **files**: ${ROW_SETS.files.rows} whose output is a picture of 1152 × 768 in a folder that mirrors the storage: decoded, stored, with previews`,
  `- **embedded**: ${ROW_SETS.embedded.rows.toLocaleString('en')} with a reference of 0.1 MB as base64 in their parameters`,
  `- **large**: ${ROW_SETS.large.rows} with ten references of 4 MB each, 40 MB of base64 a row`,
  '',
  'Each by `bun run import --from`, from its start to its end, processes and connections included; then once more, when all of it is',
  'known. Memory is that of the process of the import: its peak, and the median of its last third by that of its second one. The',
  'backfill is that of the embedded and the large rows together. One run.',
]

interface Measured {
  name: string
  rows: number
  bytes: number
  seconds: number
  peak: number
  /** Memory of the last third by that of the second one. */
  growth: number | null
}

/** Measures the import of a database of another system, and the backfill after it. */
export async function run(): Promise<BenchResult> {
  await using env = await openImportEnv()
  const measured: Measured[] = []
  for (const name of Object.keys(ROW_SETS) as RowSetName[]) {
    const bytes = await insertRows(env.source, name)
    if (name === 'files') await writeFiles(env.source, env.folder)
    measured.push(await measureImport(env, name, { bytes, isKnown: false }))
    measured.push(await measureImport(env, name, { bytes, isKnown: true }))
  }
  measured.push(await measureBackfill(env.studio))
  return createReport(measured)
}

/** A studio, and an empty database on its server for the other system. */
export interface ImportEnv extends AsyncDisposable {
  studio: TestStudio
  source: Database
  sourceUrl: string
  folder: string
}

export async function openImportEnv(): Promise<ImportEnv> {
  await using stack = new AsyncDisposableStack()
  const { path: folder } = stack.use(await createTestDirectory())
  const studio = stack.use(await startTestStudio())
  const { database } = stack.use(await openStudioClients(studio))
  // Its outputs are not fetched: the addresses of this benchmark lead nowhere.
  await database`update studio set mode = 'restored'`
  await database`create database other`
  const sourceUrl = Object.assign(new URL(studio.databaseUrl), { pathname: '/other' }).href
  const log = createLog({ service: 'bench', level: 'silent' })
  const source = openDatabase({ url: sourceUrl, name: 'bench', connections: 1, statementMs: 0, log })
  stack.defer(() => source.end({ timeout: 2 }))
  const disposables = stack.move()
  return { studio, source, sourceUrl, folder, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

async function measureImport(
  { studio, sourceUrl, folder }: ImportEnv,
  name: RowSetName,
  { bytes, isKnown }: { bytes: number; isKnown: boolean },
): Promise<Measured> {
  const { rows } = ROW_SETS[name]
  const startedAt = performance.now()
  const { report, samples, peak } = await runImport(studio, `${sourceUrl}?schema=${name}`, folder)
  const seconds = (performance.now() - startedAt) / 1_000
  const { imported, known } = report
  if ((isKnown ? known : imported) !== rows)
    throw new Error(`of ${rows} rows ${imported} were imported, ${known} known`)
  return { name: isKnown ? `${name}, again` : name, rows, bytes, seconds, peak, growth: computeGrowth(samples) }
}

async function runImport(studio: TestStudio, url: string, folder: string) {
  const script = join(import.meta.dirname, '..', '..', 'local', 'import.ts')
  const child = Bun.spawn([process.execPath, script, '--from', url, '--files', folder, '--json'], {
    env: { ...process.env, DATA_DIR: studio.dataDir },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const memory = watchImport(child.pid)
  const report = JSON.parse(await new Response(child.stdout).text()) as { imported: number; known: number }
  await child.exited
  return { report, ...memory.end() }
}

/** Samples the memory of the process that imports, which is the child of the command. */
function watchImport(command: number) {
  const samples: number[] = []
  let peak = 0
  const sample = async () => {
    const [, pid] = await listProcessTree(command)
    if (pid === undefined) return
    const [resident, most] = [await readResidentBytes(pid), await readPeakBytes(pid)]
    // A process that is just ending has no memory any more.
    if (Number.isNaN(resident) || Number.isNaN(most)) return
    samples.push(resident)
    peak = Math.max(peak, most)
  }
  const timer = setInterval(() => void sample().catch(() => {}), SAMPLE_MS)
  const end = () => {
    clearInterval(timer)
    return { samples, peak }
  }
  return { end }
}

/** Returns null for a process that was too short. */
function computeGrowth(samples: readonly number[]): number | null {
  const third = Math.floor(samples.length / 3)
  if (third < 5) return null
  const median = (part: readonly number[]) => part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0
  return median(samples.slice(2 * third)) / median(samples.slice(third, 2 * third))
}

async function measureBackfill(studio: TestStudio): Promise<Measured> {
  await using clients = await openStudioClients(studio)
  const startedAt = performance.now()
  const report = await runBackfill({ studio, sql: clients.database, bus: clients.bus }, { batch: 100, concurrency: 16 })
  const seconds = (performance.now() - startedAt) / 1_000
  const rows = ROW_SETS.embedded.rows + ROW_SETS.large.rows
  if (report.updated !== rows) throw new Error(`the backfill moved ${report.updated} of ${rows} rows`)
  return { name: 'backfill', rows, bytes: report.bytesSaved, seconds, peak: report.memory, growth: null }
}

function createReport(measured: Measured[]): BenchResult {
  const imports = measured.filter(({ name }) => name !== 'backfill')
  return buildResult<Measured>({
    title: 'Import of a database',
    method: METHOD,
    columns: {
      rows: ({ name }) => name,
      number: ({ rows }) => rows.toLocaleString('en'),
      MB: ({ bytes }) => (bytes / MB).toFixed(0),
      seconds: ({ seconds }) => seconds.toFixed(1),
      'rows/s': ({ rows, seconds }) => (rows / seconds).toFixed(0),
      'MB/s': ({ bytes, seconds }) => (bytes / MB / seconds).toFixed(1),
      'peak memory, MB': ({ peak }) => (peak / MB).toFixed(0),
      'last third by second': ({ growth }) => growth?.toFixed(2) ?? '–',
    },
    rows: measured,
    targets: [
      createTarget({
        target: 'memory is flat: the last third of an import has at most a fifth more than the second',
        value: Math.max(...imports.map(({ growth }) => growth ?? 1)),
        digits: 2,
        atMost: MAX_GROWTH,
      }),
      createTarget({
        target: `at most ${MAX_MEMORY_MB} MB, rows of 40 MB included`,
        value: Math.max(...imports.map(({ peak }) => peak)) / MB,
        digits: 0,
        suffix: ' MB',
        atMost: MAX_MEMORY_MB,
      }),
    ],
    samples: Object.fromEntries(measured.map(({ name, seconds }) => [name, [seconds]])),
  })
}
