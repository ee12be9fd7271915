import { join } from 'node:path'
import { ImportReport } from '@darkroom/contracts/history/import-report'
import { ROOT } from '../../local/root.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { listProcessTree } from '../../testing/installs/processes.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { measureProcessMemory } from '../kit/memory.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { computeQuartiles, formatQuartiles, type Quartiles } from '../kit/statistics.ts'
import { BAD_EVERY, isBad, LINES, MODEL, writeImportFile } from './import-file.ts'

/** Rows after which an import is killed. */
const KILLED_AT = [5_000, 10_000]
const SAMPLE_MS = 250
const MEBIBYTE = 1024 * 1024
const MAX_GROWTH = 1.1
const MIN_RATE = 200

const METHOD = [
  `\`bun run import\` reads a file of ${LINES.toLocaleString('en-US')} generations with an output each, of which one in ${BAD_EVERY} is bad in one of four ways, into a`,
  `whole studio that is open meanwhile. It is killed by SIGKILL, with its process, once ${KILLED_AT.map(rows => rows.toLocaleString('en-US')).join(' and ')} rows are there, and run again; the`,
  'last run reads the file to its end.',
  '',
  `Memory is that of the process of the import, every ${SAMPLE_MS} ms of the last run, and its growth that from the median of the second third to`,
  'that of the last.',
]

interface Measurement {
  report: ImportReport
  failures: string[]
  rows: number
  memory: number[]
}

/** Measures an import that is killed twice. */
export async function run(): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack()
  const studio = stack.use(await startTestStudio({ NODE_ENV: 'production' }))
  const { path: folder } = stack.use(await createTestDirectory())
  const log = createLog({ service: 'test', level: 'silent' })
  const database = openDatabase({ url: studio.databaseUrl, name: 'bench-import', log })
  stack.defer(() => database.end({ timeout: 1 }))
  const countRows = async () => (await database`select from generations where model = ${MODEL}`).length
  const path = join(folder, 'generations.jsonl')
  await writeImportFile(path)
  for (const rows of KILLED_AT) await killImport(studio, path, async () => (await countRows()) >= rows)
  return createReport({ ...(await finishImport(studio, path)), rows: await countRows() })
}

function startImport(studio: TestStudio, path: string) {
  const command = [process.execPath, join(ROOT, 'infra', 'local', 'import.ts'), path, '--json']
  return Bun.spawn(command, { env: { ...process.env, DATA_DIR: studio.dataDir }, stdout: 'pipe', stderr: 'pipe' })
}

async function killImport(studio: TestStudio, path: string, isFarEnough: () => Promise<boolean>): Promise<void> {
  const command = startImport(studio, path)
  while (!(await isFarEnough())) await sleep(SAMPLE_MS, new AbortController().signal)
  for (const pid of await listProcessTree(command.pid)) process.kill(pid, 'SIGKILL')
  await command.exited
}

async function finishImport(studio: TestStudio, path: string): Promise<Omit<Measurement, 'rows'>> {
  const command = startImport(studio, path)
  const texts = Promise.all([new Response(command.stdout).text(), new Response(command.stderr).text()])
  const memory: number[] = []
  while (command.exitCode === null) {
    const child = (await listProcessTree(command.pid)).find(pid => pid !== command.pid)
    const bytes = child === undefined ? 0 : await measureProcessMemory(child)
    if (bytes > 0) memory.push(bytes / MEBIBYTE)
    await sleep(SAMPLE_MS, new AbortController().signal)
  }
  const [stdout, stderr] = await texts
  const failures = stderr.split('\n').flatMap(line => /^(line \d+): /.exec(line)?.[1] ?? [])
  return { report: ImportReport.parse(JSON.parse(stdout)), failures, memory }
}

function createReport(measured: Measurement): BenchResult {
  const { report, memory } = measured
  const third = Math.floor(memory.length / 3)
  const [second, last] = [computeQuartiles(memory.slice(third, 2 * third)), computeQuartiles(memory.slice(2 * third))]
  const rate = report.imported / report.seconds
  const cells: [string, string][] = [
    ['imported by the last run', report.imported.toLocaleString('en-US')],
    ['known to it', report.known.toLocaleString('en-US')],
    ['named by it', report.failed.toLocaleString('en-US')],
    ['seconds', report.seconds.toFixed(0)],
    ['imported a second', rate.toFixed(0)],
    ['memory in the second third, MiB', formatQuartiles(second, 0)],
    ['memory in the last third, MiB', formatQuartiles(last, 0)],
  ]
  return buildResult({
    title: 'Import',
    method: METHOD,
    columns: { measure: ([name]: [string, string]) => name, value: ([, value]) => value },
    rows: cells,
    targets: [...createCountTargets(measured), ...createLoadTargets(rate, second, last)],
    samples: { 'memory, MiB': memory },
  })
}

function createCountTargets({ rows, failures }: Measurement): Target[] {
  const bad = Array.from({ length: LINES }, (_, index) => index + 1).filter(isBad)
  const isNamedOnce = JSON.stringify(failures) === JSON.stringify(bad.map(line => `line ${line}`))
  const good = LINES - bad.length
  return [
    {
      target: `each of ${good} good lines is imported once`,
      reached: `${rows} rows`,
      met: rows === good,
      isRequired: true,
    },
    {
      target: `each of ${bad.length} bad lines is named once by the last run`,
      reached: `${failures.length} named`,
      met: isNamedOnce,
      isRequired: true,
    },
  ]
}

function createLoadTargets(rate: number, second: Quartiles, last: Quartiles): Target[] {
  return [
    createTarget({
      target: `memory grows at most ${MAX_GROWTH} times from the second third to the last`,
      value: last.median / second.median,
      digits: 2,
      atMost: MAX_GROWTH,
    }),
    createTarget({ target: `at least ${MIN_RATE} generations a second`, value: rate, digits: 0, atLeast: MIN_RATE }),
  ]
}
