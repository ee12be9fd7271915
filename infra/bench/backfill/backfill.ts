import { loadavg } from 'node:os'
import { until } from '../../local/process/wait-until.ts'
import type { Database } from '../../src/database/connection.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { type Arm, interleave, type Measured, ratioOf, type Spread, spreadOf } from '../kit/sampling.ts'
import { measureClaims } from './backfill-claims.ts'
import { putBack, removeRows, SETS, writeRows } from './backfill-rows.ts'
import { type BackfillStudio, runBackfill, startBackfillStudio, startProcess } from './backfill-studio.ts'

const ROUNDS = 10
const AT_ONCE = 32
const CLAIM_ROWS = 600
const OTHER_ROWS = 20_000
const MB = 1_000_000
const TIMES_SEED = { small: 8, big: 3 } as const
const MOST_MEMORY = 256 * MB
const TIMES_IDLE = 1.5
const PREVIEWS_MS = 120_000

type Name = keyof typeof SETS

const METHOD = [
  `Small: ${SETS.small.rows} rows with a picture of 0.1 MB each. Big: ${SETS.big.rows} rows with ${SETS.big.pictures} pictures of 4 MB each. They lie in Postgres as base64 inside`,
  'jsonb; the object store answers 80 ms after the last byte of each request, whatever is asked. Everything is one machine, the',
  'store included, and every arm runs with the least priority there is (nice 19).',
  '',
  "- **seed**: section 6 of the seed: whole rows by twenties, row after row, a row's pictures three at a time, `PutObject` by the SDK.",
  '  It checks nothing, makes no previews, and reads nothing back',
  `- **ours, 4** and **ours, ${AT_ONCE}**: \`bun run backfill reference-images\` as it comes, and with \`--batch 100 --concurrency ${AT_ONCE}\`, from the`,
  '  message on the bus until the run is done: every picture decoded and checked, stored, read back and compared',
  '- **ours, with previews**: the same until every picture has two previews as well, which are made after the run',
  `- **floor**: the texts are in memory already; each is decoded and put, unsigned, ${AT_ONCE} at once`,
  '',
  `${ROUNDS} rounds, the arms in turns. Numbers are medians, the middle half of the rounds in brackets; ratios are of the same round.`,
  'Memory is the most that the process of the arm has had at any time.',
]

interface Results {
  name: Name
  measured: Measured[]
  bytes: number
  memory: Record<string, number>
}

/** Moving old pictures out of rows: the seed's loop, ours, and what nobody can do without. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using backfill = await startBackfillStudio()
  const results = [await measureSet(backfill, 'small'), await measureSet(backfill, 'big')]
  const space = await measureSpace(backfill)
  const finding = await measureFinding(backfill.sql)
  await writeRows(backfill.sql, 'small', CLAIM_ROWS)
  const claims = await measureClaims(backfill)
  const [idle, busy] = [spreadOf(claims.idle), spreadOf(claims.busy)]
  return {
    title: 'Backfill',
    method: [...METHOD, '', ...space, '', ...finding, '', ...claimWords(claims), '', loadWords(load)],
    machine: describeMachine(),
    columns: ['rows', 'arm', 'ms', 'rows/s', 'MB/s', 'times as fast as the seed', 'times the floor', 'memory, MB'],
    rows: results.flatMap(rowsOf),
    targets: [
      ...results.flatMap(targetsOf),
      {
        target: `submissions are claimed within ${TIMES_IDLE} times the idle time while a backfill runs at full speed`,
        reached: `${(busy.median / idle.median).toFixed(2)} of the medians`,
        met: busy.median / idle.median <= TIMES_IDLE,
      },
    ],
    rounds: {
      ...Object.fromEntries(
        results.flatMap(({ name, measured }) =>
          measured.map(arm => [`${name}: ${arm.name}`, arm.milliseconds.map(Math.round)]),
        ),
      ),
      'claims, idle': claims.idle,
      'claims, busy': claims.busy,
    },
  }
}

async function measureSet(backfill: BackfillStudio, name: Name): Promise<Results> {
  const bytes = await writeRows(backfill.sql, name)
  const memory: Record<string, number> = {}
  const floor = await startProcess('backfill-floor.ts', name, backfill.storeUrl, String(AT_ONCE))
  const ours = (batch: number, concurrency: number) => async () => {
    const report = await runBackfill(backfill, { batch, concurrency })
    if (report.updated !== SETS[name].rows) throw new Error('a row was not moved')
    note(memory, `ours, ${concurrency}`, report.memory)
  }
  const withPreviews = async () => {
    await ours(100, AT_ONCE)()
    await untilPreviewed(backfill.sql)
  }
  const arms: Arm[] = [
    { name: 'seed', run: async () => note(memory, 'seed', await seed(backfill)) },
    { name: 'ours, 4', run: ours(20, 4) },
    { name: `ours, ${AT_ONCE}`, run: ours(100, AT_ONCE) },
    { name: 'ours, with previews', run: withPreviews },
    { name: 'floor', run: async () => void (await floor.ask()) },
  ]
  const prepared = arms.map(arm => ({ ...arm, prepare: () => begin(backfill) }))
  const measured = await interleave(prepared, ROUNDS)
  await floor[Symbol.asyncDispose]()
  await begin(backfill)
  if (name === 'small') await removeRows(backfill.sql)
  return { name, measured, bytes, memory }
}

/** Everything as it was: the rows with their pictures, an empty store. */
async function begin({ sql, storeUrl }: BackfillStudio): Promise<void> {
  await putBack(sql)
  await fetch(`${storeUrl}/forget`, { method: 'POST' })
}

async function untilPreviewed(sql: Database): Promise<void> {
  const none = async () => ((await sql`select from previews_due`).length === 0 ? true : undefined)
  await until(none, { what: 'The previews', milliseconds: PREVIEWS_MS, signal: new AbortController().signal })
}

async function seed({ studio, storeUrl }: BackfillStudio): Promise<number> {
  const process = await startProcess('backfill-seed.ts', studio.databaseUrl, storeUrl)
  await process[Symbol.asyncDispose]()
  return Number(process.line)
}

function note(memory: Record<string, number>, arm: string, bytes: number): void {
  memory[arm] = Math.max(memory[arm] ?? 0, bytes)
}

/** What a run gives back of the table's space, and what VACUUM does. */
async function measureSpace(backfill: BackfillStudio): Promise<string[]> {
  const { sql } = backfill
  const size = async () => {
    const [row] = await sql<{ bytes: number }[]>`select pg_total_relation_size('generation_raw') as bytes`
    return `${((row?.bytes ?? 0) / MB).toFixed(0)} MB`
  }
  await sql`vacuum full generation_raw`
  const before = await size()
  await runBackfill(backfill, { batch: 20, concurrency: 4 })
  const after = await size()
  await sql`vacuum generation_raw`
  const vacuumed = await size()
  await sql`vacuum full generation_raw`
  const words = `Space of the table with the big rows: ${before} before, ${after} after a run, ${vacuumed} after VACUUM, ${await size()} after VACUUM FULL.`
  await removeRows(sql)
  return [words]
}

/** Whether the cost of finding the next rows follows the table. */
async function measureFinding(sql: Database): Promise<string[]> {
  await writeRows(sql, 'small', 40)
  const alone = await findingTime(sql)
  await sql`
    with made as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, num_outputs)
      select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '', 'image', 'm', 'imported', 'p', 0
      from generate_series(1, ${OTHER_ROWS}) returning id)
    insert into generation_raw (generation_id, parameters, created_at)
    select id, '{"aspectRatio": "1:1"}', '2020-01-01' from made`
  await sql`analyze generation_raw`
  const among = await findingTime(sql)
  await removeRows(sql)
  return [
    `Finding the next 20 rows: ${alone} ms with no other rows in the table, ${among} ms with ${OTHER_ROWS} others. The seed reads each of them whole.`,
  ]
}

async function findingTime(sql: Database): Promise<string> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    await sql`select generation_id from generation_raw where embeds_file(parameters) order by created_at, generation_id limit 20`
    times.push(performance.now() - started)
  }
  return words(spreadOf(times), 2)
}

function rowsOf({ name, measured, bytes, memory }: Results): string[][] {
  return measured.map(arm => {
    const seconds = spreadOf(arm.milliseconds).median / 1_000
    return [
      name,
      arm.name,
      words(spreadOf(arm.milliseconds), 0),
      (SETS[name].rows / seconds).toFixed(1),
      (bytes / MB / seconds).toFixed(1),
      words(ratioOf(armOf(measured, 'seed'), arm), 2),
      words(ratioOf(arm, armOf(measured, 'floor')), 2),
      memory[arm.name] ? ((memory[arm.name] ?? 0) / MB).toFixed(0) : '–',
    ]
  })
}

function targetsOf({ name, measured, memory }: Results): Report['targets'] {
  const ratio = ratioOf(armOf(measured, 'seed'), armOf(measured, `ours, ${AT_ONCE}`))
  const most = Math.max(memory['ours, 4'] ?? 0, memory[`ours, ${AT_ONCE}`] ?? 0)
  return [
    {
      target: `${name} rows: at least ${TIMES_SEED[name]} times as fast as the seed`,
      reached: words(ratio, 2),
      met: ratio.median >= TIMES_SEED[name],
    },
    {
      target: `${name} rows: at most ${MOST_MEMORY / MB} MB of memory`,
      reached: `${(most / MB).toFixed(0)} MB`,
      met: most <= MOST_MEMORY,
    },
  ]
}

function claimWords({ idle, busy }: { idle: number[]; busy: number[] }): string[] {
  const p95 = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * 0.95)]?.toFixed(1)
  return [
    `From a submission's row to its claim by a processor, ${idle.length} submissions each: ${words(spreadOf(idle), 1)} ms idle, p95 ${p95(idle)};`,
    `${words(spreadOf(busy), 1)} ms while a backfill runs at full speed on small rows, p95 ${p95(busy)}.`,
  ]
}

function armOf(measured: readonly Measured[], name: string): Measured {
  const arm = measured.find(arm => arm.name === name)
  if (!arm) throw new Error(`there is no arm ${name}`)
  return arm
}

function loadWords(load: number): string {
  return `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`
}

function words({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
