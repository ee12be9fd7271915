import { join } from 'node:path'
import { type BenchServer, type BenchStack, openBenchStack } from '../kit/bench-stack.ts'
import { generateLoad } from '../kit/http-load.ts'
import { copyToSeedTables, insertListingRows, vacuumTables } from '../kit/listing-rows.ts'
import { measureProcessMemory } from '../kit/memory.ts'
import type { BenchResult } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile } from '../kit/statistics.ts'
import { countBytes } from './listing-bytes.ts'
import { createListingReport, type ListingCase, type Measurement } from './listing-report.ts'
import { measureStoredBytes, measureWrites } from './listing-writes.ts'

const BLOATED_ROWS = 20_000
const CLEAN_ROWS = 80_000
const DEEP_OFFSET = 15_000
const SAMPLES = 10
const SECONDS = 0.5
const VARIANTS_SCRIPT = join(import.meta.dirname, 'listing-variants.ts')

const CASES: ListingCase[] = [
  { rows: 20, depth: 'first', concurrency: 1 },
  { rows: 20, depth: 'first', concurrency: 16 },
  { rows: 20, depth: 'deep', concurrency: 1 },
  { rows: 20, depth: 'deep', concurrency: 16 },
  { rows: 50, depth: 'first', concurrency: 1 },
  { rows: 50, depth: 'first', concurrency: 16 },
]

/** Measures pages of the list in all variants, then again at five times the rows. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  const now = new Date()
  await insertListingRows(stack.database, stack.folder, { count: BLOATED_ROWS, last: now, bloated: true })
  await copyToSeedTables(stack.database)
  await vacuumTables(stack.database)
  const servers = await startVariants(stack)
  const bytes = await countBytes(stack, { script: VARIANTS_SCRIPT, args: ['seed'] })
  const small = await measureAll(stack, servers)
  const writes = await measureWrites(stack.database)
  // Older than the rows before, so the first pages stay the same.
  const last = new Date(now.getTime() - 800 * 86_400_000)
  await insertListingRows(stack.database, stack.folder, { count: CLEAN_ROWS, last, bloated: false })
  await copyToSeedTables(stack.database)
  await vacuumTables(stack.database)
  const large = await measureAll(stack, servers)
  const memory = Object.fromEntries(
    await Promise.all(Object.entries(servers).map(async ([name, { pid }]) => [name, await measureProcessMemory(pid)])),
  )
  const storedBytes = await measureStoredBytes(stack.database)
  const compressed = await measureCompression(servers.ours?.url ?? '')
  return createListingReport({
    small,
    large,
    writes,
    bytes,
    storedBytes,
    compressed,
    memory,
    samples: SAMPLES,
    seconds: SECONDS,
  })
}

/** Measures the time and the gain of compressing a page of 50, for studios behind a network. */
async function measureCompression(url: string): Promise<{ bytes: number; compressed: number; milliseconds: number[] }> {
  const page = Buffer.from(await (await fetch(`${url}/api/generations?limit=50`)).arrayBuffer())
  const times = Array.from({ length: 50 }, () => {
    const startedAt = performance.now()
    const { byteLength } = Bun.gzipSync(page, { level: 1 })
    return { byteLength, milliseconds: performance.now() - startedAt }
  })
  return {
    bytes: page.byteLength,
    compressed: times[0]?.byteLength ?? 0,
    milliseconds: times.map(time => time.milliseconds),
  }
}

async function startVariants(stack: BenchStack): Promise<Record<string, BenchServer>> {
  const [seed, built, postgrest, bare, floor, ours] = await Promise.all([
    ...['seed', 'built', 'postgrest', 'bare', 'floor'].map(variant =>
      stack.startServer(VARIANTS_SCRIPT, {}, [variant]),
    ),
    stack.startService('query'),
  ])
  if (!seed || !built || !postgrest || !bare || !floor || !ours) throw new Error('not every variant was started')
  return { seed, built, postgrest, ours, floor, bare }
}

async function measureAll(stack: BenchStack, servers: Record<string, BenchServer>): Promise<Measurement[]> {
  const measured: Measurement[] = []
  for (const listingCase of CASES) {
    const urls = await createUrls(stack, servers, listingCase)
    const variants = Object.entries(urls).map(([variant, url]): Measurement & { url: string } => ({
      variant,
      listingCase,
      url,
      rates: [],
      medians: [],
    }))
    for (const { url } of variants)
      await generateLoad(url, { concurrency: listingCase.concurrency, seconds: SECONDS / 2 })
    await takeTurns(variants, SAMPLES, variant => measure(variant, variant.url))
    measured.push(...variants.map(({ url: _, ...rest }) => rest))
  }
  return measured
}

async function measure(into: Measurement, url: string): Promise<void> {
  const { milliseconds, seconds } = await generateLoad(url, {
    concurrency: into.listingCase.concurrency,
    seconds: SECONDS,
  })
  into.rates.push(milliseconds.length / seconds)
  into.medians.push(computeQuantile(milliseconds, 0.5))
}

async function createUrls(
  stack: BenchStack,
  servers: Record<string, BenchServer>,
  { rows, depth }: ListingCase,
): Promise<Record<string, string>> {
  const base = (variant: string) => servers[variant]?.url ?? ''
  const [row] = await stack.database<{ id: string; at: string }[]>`
    select id, timestamp_text(created_at) as at from generations order by created_at desc, id desc offset ${DEEP_OFFSET} limit 1`
  const deep = depth === 'deep'
  const cursor = Buffer.from(`${row?.at}|${row?.id}`).toString('base64url')
  const ours = `${base('ours')}/api/generations?limit=${rows}${deep ? `&cursor=${cursor}` : ''}`
  const bytes = (await (await fetch(ours)).arrayBuffer()).byteLength
  return {
    seed: `${base('seed')}/?limit=${rows}${deep ? `&before=${row?.id}` : ''}`,
    ...(deep ? { 'seed, OFFSET': `${base('seed')}/?limit=${rows}&skip=${DEEP_OFFSET}` } : {}),
    'JSON per request': `${base('built')}/?limit=${rows}${deep ? `&before=${row?.id}` : ''}`,
    'as PostgREST': `${base('postgrest')}/?limit=${rows}${deep ? `&before=${row?.id}` : ''}`,
    ours,
    floor: `${base('floor')}/?bytes=${bytes}`,
    bare: `${base('bare')}/?bytes=${bytes}`,
  }
}
