import { waitUntil } from '../../local/process/wait-until.ts'
import type { Database } from '../../src/database/connection.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { findVariant, interleave, type Variant, type VariantSamples } from '../kit/sampling.ts'
import { computeQuantile, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import { type ClaimLatencies, measureClaims } from './backfill-claims.ts'
import { insertRows, ROW_SETS, removeRows, restoreRows } from './backfill-rows.ts'
import { type BackfillStudio, runBackfill, startBackfillStudio, startNiceProcess } from './backfill-studio.ts'

const SAMPLES = 6
const CONCURRENCY = 32
const CLAIM_ROWS = 600
const OTHER_ROWS = 20_000
const MB = 1_000_000
const MIN_SEED_RATIOS = { small: 8, big: 1 } as const
const MAX_FLOOR_RATIO = 1.3
const MAX_ROWS_FLOOR_RATIO = 1.1
const MAX_MEMORY_MB = 256
const MAX_IDLE_RATIO = 1.5
const PREVIEWS_TIMEOUT_MS = 120_000

type RowSetName = keyof typeof ROW_SETS

const METHOD = [
  `Small: ${ROW_SETS.small.rows} rows with a picture of 0.1 MB each. Big: ${ROW_SETS.big.rows} rows with ${ROW_SETS.big.images} pictures of 4 MB each. They lie in Postgres as base64 inside`,
  'jsonb; the object store answers 80 ms after the last byte of each request, whatever is asked. Everything is one machine, the',
  'store included, and every variant runs with the least priority there is (nice 19).',
  '',
  "- **seed**: section 6 of the seed: whole rows by twenties, row after row, a row's pictures three at a time, `PutObject` by the SDK.",
  '  It checks nothing, makes no previews, and reads nothing back',
  `- **ours, 4** and **ours, ${CONCURRENCY}**: \`bun run backfill reference-images\` as it comes, and with \`--batch 100 --concurrency ${CONCURRENCY}\`, from the`,
  '  message on the bus until the run is done: every picture decoded and checked, stored, read back and compared',
  '- **ours, with previews**: the same until every picture has two previews as well, which are made after the run',
  `- **floor**: the texts are in memory already; each is decoded from base64, checked by bare \`sharp\` as ours does, put, read back and`,
  `  compared, unsigned, ${CONCURRENCY} at once in one process`,
  '- **floor, with rows**: the floor with the texts of the rows: each row is read whole by plain `postgres`, four at a time, its pictures are',
  '  checked and stored as in the floor, and it is overwritten; no row is counted, locked or listed, and no generation is changed',
  '- **floor, unchecked**: the same without the check, and nothing is read back: the work of the seed',
  '',
  `${SAMPLES} samples, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of the same sample.`,
  'Memory is the most that the process of the variant has had at any time.',
]

interface RowSetResults {
  name: RowSetName
  measured: VariantSamples[]
  /** Bytes of all images. */
  bytes: number
  /** Peak memory by variant, in bytes. */
  memory: Record<string, number>
}

/** Measures moving images out of rows: the seed's loop, ours, and the lower bound. */
export async function run(): Promise<BenchResult> {
  await using backfill = await startBackfillStudio()
  const results = [await measureSet(backfill, 'small'), await measureSet(backfill, 'big')]
  const space = await measureSpace(backfill)
  const candidateQuery = await measureCandidateQuery(backfill.sql)
  await insertRows(backfill.sql, 'small', CLAIM_ROWS)
  const claims = await measureClaims(backfill)
  return createReport({ results, notes: [space, candidateQuery], claims })
}

async function measureSet(backfill: BackfillStudio, name: RowSetName): Promise<RowSetResults> {
  const bytes = await insertRows(backfill.sql, name)
  const memory: Record<string, number> = {}
  const startFloor = (mode: 'rows' | 'checked' | 'unchecked') =>
    startNiceProcess(
      'backfill-floor.ts',
      name,
      backfill.storeUrl,
      String(CONCURRENCY),
      mode,
      backfill.studio.databaseUrl,
    )
  await using floor = await startFloor('checked')
  await using rowsFloor = await startFloor('rows')
  await using uncheckedFloor = await startFloor('unchecked')
  const ours = (batch: number, concurrency: number) => async () => {
    const report = await runBackfill(backfill, { batch, concurrency })
    if (report.updated !== ROW_SETS[name].rows)
      throw new Error(`the backfill moved ${report.updated} of ${ROW_SETS[name].rows} rows`)
    recordPeakMemory(memory, `ours, ${concurrency}`, report.memory)
  }
  const withPreviews = async () => {
    await ours(100, CONCURRENCY)()
    await waitUntilPreviewed(backfill.sql)
  }
  const variants: Variant[] = [
    { name: 'seed', run: async () => recordPeakMemory(memory, 'seed', await runSeed(backfill)) },
    { name: 'ours, 4', run: ours(20, 4) },
    { name: `ours, ${CONCURRENCY}`, run: ours(100, CONCURRENCY) },
    { name: 'ours, with previews', run: withPreviews },
    { name: 'floor', run: async () => void (await floor.request()) },
    { name: 'floor, with rows', run: async () => void (await rowsFloor.request()) },
    { name: 'floor, unchecked', run: async () => void (await uncheckedFloor.request()) },
  ]
  const prepared = variants.map(variant => ({ ...variant, prepare: () => resetRowsAndStore(backfill) }))
  const measured = await interleave(prepared, SAMPLES)
  await resetRowsAndStore(backfill)
  if (name === 'small') await removeRows(backfill.sql)
  return { name, measured, bytes, memory }
}

/** Restores the rows with their images and empties the store. */
async function resetRowsAndStore({ sql, storeUrl }: BackfillStudio): Promise<void> {
  await restoreRows(sql)
  await fetch(`${storeUrl}/forget`, { method: 'POST' })
}

async function waitUntilPreviewed(sql: Database): Promise<void> {
  const hasNoneLeft = async () => ((await sql`select from previews_due`).length === 0 ? true : undefined)
  await waitUntil(hasNoneLeft, {
    what: 'the previews',
    milliseconds: PREVIEWS_TIMEOUT_MS,
    signal: new AbortController().signal,
  })
}

async function runSeed({ studio, storeUrl }: BackfillStudio): Promise<number> {
  await using seed = await startNiceProcess('backfill-seed.ts', studio.databaseUrl, storeUrl)
  return Number(seed.firstLine)
}

function recordPeakMemory(memory: Record<string, number>, variant: string, bytes: number): void {
  memory[variant] = Math.max(memory[variant] ?? 0, bytes)
}

/** Measures the space of the table before and after a run, and after VACUUM. */
async function measureSpace(backfill: BackfillStudio): Promise<string> {
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
  const summary = `Space of the table with the big rows: ${before} before, ${after} after a run, ${vacuumed} after VACUUM, ${await size()} after VACUUM FULL.`
  await removeRows(sql)
  return summary
}

/** Measures whether the cost of finding the next rows grows with the table. */
async function measureCandidateQuery(sql: Database): Promise<string> {
  await insertRows(sql, 'small', 40)
  const alone = await timeCandidateQuery(sql)
  await sql`
    with made as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, num_outputs)
      select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '', 'image', 'm', 'imported', 'p', 0
      from generate_series(1, ${OTHER_ROWS}) returning id, workspace_id)
    insert into generation_raw (workspace_id, generation_id, parameters, created_at)
    select workspace_id, id, '{"aspectRatio": "1:1"}', '2020-01-01' from made`
  await sql`analyze generation_raw`
  const among = await timeCandidateQuery(sql)
  await removeRows(sql)
  return `Finding the next 20 rows: ${alone} ms with no other rows in the table, ${among} ms with ${OTHER_ROWS} others. The seed reads each of them whole.`
}

async function timeCandidateQuery(sql: Database): Promise<string> {
  const times: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const started = performance.now()
    await sql`select generation_id from generation_raw where has_file order by created_at, generation_id limit 20`
    times.push(performance.now() - started)
  }
  return formatSamples(times, 2)
}

interface Row extends RowSetResults {
  variant: VariantSamples
  /** Median of a run, in seconds. */
  seconds: number
}

function createReport(parts: {
  results: readonly RowSetResults[]
  /** Further findings, each a paragraph of the method. */
  notes: string[]
  claims: ClaimLatencies
}): BenchResult {
  const { results, notes, claims } = parts
  const rows = results.flatMap(createRows)
  return buildResult<Row>({
    title: 'Backfill',
    method: [...METHOD, '', ...notes.flatMap(note => [note, '']), ...formatClaims(claims)],
    columns: {
      rows: ({ name }) => name,
      variant: ({ variant }) => variant.name,
      ms: ({ variant }) => formatSamples(variant.milliseconds, 0),
      'rows/s': ({ name, seconds }) => (ROW_SETS[name].rows / seconds).toFixed(1),
      'MB/s': ({ bytes, seconds }) => (bytes / MB / seconds).toFixed(1),
      'times as fast as the seed': ({ variant, measured }) => formatRatio(findVariant(measured, 'seed'), variant),
      'times the floor': ({ variant, measured }) => formatRatio(variant, findVariant(measured, 'floor')),
      'memory, MB': ({ variant, memory }) => formatMemory(memory[variant.name]),
    },
    rows,
    targets: [...results.flatMap(createTargets), createClaimTarget(claims)],
    samples: {
      ...Object.fromEntries(rows.map(({ name, variant }) => [`${name}: ${variant.name}`, variant.milliseconds])),
      'claims, idle': claims.idle,
      'claims, busy': claims.busy,
    },
  })
}

function createRows(results: RowSetResults): Row[] {
  return results.measured.map(variant => {
    return { ...results, variant, seconds: computeQuantile(variant.milliseconds, 0.5) / 1_000 }
  })
}

function createTargets({ name, measured, memory }: RowSetResults): Target[] {
  const [seed, ours] = [findVariant(measured, 'seed'), findVariant(measured, `ours, ${CONCURRENCY}`)]
  const toFloor = computeRatio(ours.milliseconds, findVariant(measured, 'floor').milliseconds)
  const floorTarget = createTarget({
    target: `${name} rows: at most ${MAX_FLOOR_RATIO} times the floor that does the same checked work`,
    value: toFloor,
    digits: 2,
    atMost: MAX_FLOOR_RATIO,
  })
  const rowsFloor = findVariant(measured, 'floor, with rows')
  const rowsFloorTarget = createTarget({
    target: `${name} rows: at most ${MAX_ROWS_FLOOR_RATIO} times the floor that reads and writes the rows as well`,
    value: computeRatio(ours.milliseconds, rowsFloor.milliseconds),
    digits: 2,
    atMost: MAX_ROWS_FLOOR_RATIO,
  })
  return [
    createTarget({
      target: `${name} rows: at least ${MIN_SEED_RATIOS[name]} times as fast as the seed`,
      value: computeRatio(seed.milliseconds, ours.milliseconds),
      digits: 2,
      atLeast: MIN_SEED_RATIOS[name],
    }),
    // What small rows cost is the database's work, which the floor has none of.
    ...(name === 'big' ? [floorTarget, rowsFloorTarget] : []),
    createTarget({
      target: `${name} rows: at most ${MAX_MEMORY_MB} MB of memory`,
      value: Math.max(memory['ours, 4'] ?? 0, memory[`ours, ${CONCURRENCY}`] ?? 0) / MB,
      digits: 0,
      suffix: ' MB',
      atMost: MAX_MEMORY_MB,
    }),
  ]
}

function createClaimTarget({ idle, busy }: ClaimLatencies): Target {
  return createTarget({
    target: `submissions are claimed within ${MAX_IDLE_RATIO} times the idle time while a backfill runs at full speed`,
    value: computeQuantile(busy, 0.5) / computeQuantile(idle, 0.5),
    digits: 2,
    suffix: ' of the medians',
    atMost: MAX_IDLE_RATIO,
  })
}

function formatClaims({ idle, busy }: ClaimLatencies): string[] {
  const p95 = (numbers: number[]) => computeQuantile(numbers, 0.95).toFixed(1)
  return [
    `From a submission's row to its claim by a processor, ${idle.length} submissions each: ${formatSamples(idle, 1)} ms idle, p95 ${p95(idle)};`,
    `${formatSamples(busy, 1)} ms while a backfill runs at full speed on small rows, p95 ${p95(busy)}.`,
  ]
}

function formatRatio(of: VariantSamples, to: VariantSamples): string {
  return formatQuartiles(computeRatio(of.milliseconds, to.milliseconds), 2)
}

function formatMemory(bytes: number | undefined): string {
  return bytes ? (bytes / MB).toFixed(0) : '–'
}
