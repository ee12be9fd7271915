import { expect, test } from 'bun:test'
import postgres from 'postgres'
import { readRunFile } from '../../local/launch/run-file.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { startTestStudio } from '../studio/test-studio.ts'
import { listProcessStarts, readProcessCounters } from './process-counters.ts'

const IDLE_MS = 20_000
const SWEEP_TIMEOUT_MS = 60_000
const START_MS = 60_000

test('an idle studio starts no process and writes no row', async () => {
  await using studio = await startTestStudio()
  const launcher = (await readRunFile(studio.dataDir))?.pid ?? 0
  await waitForSweep(studio.databaseUrl)
  const [processes, rows] = [await readProcessCounters(launcher), await readRows(studio.databaseUrl)]
  expect(processes.size).toBeGreaterThan(5)
  expect(rows).toMatchObject({ outbox: [], models: [expect.any(String)] })
  // The pause is what is tested: a studio looks for work every few seconds at this time.
  await Bun.sleep(IDLE_MS)
  // Postgres has workers of its own.
  const isOurs = (command: string) => !command.includes('postgres')
  expect(listProcessStarts(processes, await readProcessCounters(launcher), isOurs)).toEqual([])
  expect(await readRows(studio.databaseUrl)).toEqual(rows)
})

test('the counters show a process that has ended as well as one that runs', async () => {
  const signal = AbortSignal.timeout(START_MS)
  const before = await readProcessCounters(process.pid)
  const running = Bun.spawn(['/bin/sleep', '600'])
  try {
    // A process that has just been started has no command line for a moment.
    const findStart = async () =>
      listProcessStarts(before, await readProcessCounters(process.pid)).find(
        start => start === 'started: /bin/sleep 600',
      )
    expect(await waitUntil(findStart, { what: 'The start', milliseconds: START_MS, signal })).toBeDefined()
    await Bun.spawn(['/bin/true']).exited
    const after = await readProcessCounters(process.pid)
    expect(listProcessStarts(before, after).filter(start => start.startsWith('a child of'))).toHaveLength(1)
  } finally {
    running.kill()
    await running.exited
  }
})

/** Waits until the first sweep of the store has ended, which is a part of the start: the next one is a day later. */
async function waitForSweep(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const findEnded = async () => {
      const [sweep] = await sql`select from garbage_sweep where due_at > now() + interval '1 hour'`
      return sweep
    }
    const signal = AbortSignal.timeout(SWEEP_TIMEOUT_MS)
    await waitUntil(findEnded, { what: 'The first sweep', milliseconds: SWEEP_TIMEOUT_MS, signal })
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Reads the rows of every table of the studio, as text. */
async function readRows(url: string): Promise<Record<string, string[]>> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const tables = await sql<{ name: string }[]>`select tablename as name from pg_tables where schemaname = 'public'`
    const rows = tables.map(async ({ name }) => {
      const texts = await sql<{ row: string }[]>`select t::text as row from ${sql(name)} t order by 1`
      return [name, texts.map(({ row }) => row)] as const
    })
    return Object.fromEntries(await Promise.all(rows))
  } finally {
    await sql.end({ timeout: 1 })
  }
}
