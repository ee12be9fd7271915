import { loadavg } from 'node:os'
import { join } from 'node:path'
import { openStage, QUERY, type Served, type Stage } from '../kit/bench-stack.ts'
import { fill, fillSeed, settle } from '../kit/listing-rows.ts'
import { memoryOfProcess } from '../kit/memory.ts'
import type { Report } from '../kit/report.ts'
import { countBytes } from './listing-bytes.ts'
import { load } from './listing-load.ts'
import { type Cell, listingReport, type Measurement } from './listing-report.ts'
import { bytesKept, measureWrites } from './listing-writes.ts'

const BLOATED = 20_000
const CLEAN = 80_000
const DEEP = 15_000
const ROUNDS = 10
const SECONDS = 0.5
const ARMS = join(import.meta.dirname, 'listing-variants.ts')

const CELLS: Cell[] = [
  { rows: 20, depth: 'first', atOnce: 1 },
  { rows: 20, depth: 'first', atOnce: 16 },
  { rows: 20, depth: 'deep', atOnce: 1 },
  { rows: 20, depth: 'deep', atOnce: 16 },
  { rows: 50, depth: 'first', atOnce: 1 },
  { rows: 50, depth: 'first', atOnce: 16 },
]

/** Pages of a list, in the seed's way, in ours, and what nobody can do without; then at five times the rows. */
export async function run(): Promise<Report> {
  const before = loadavg()[0] ?? 0
  await using stage = await openStage({ name: 'listing' })
  const now = new Date()
  await fill(stage.database, stage.folder, { count: BLOATED, last: now, bloated: true })
  await fillSeed(stage.database)
  await settle(stage.database)
  const servers = await startArms(stage)
  const bytes = await countBytes(stage, { script: ARMS, args: ['seed'] })
  const small = await measureAll(stage, servers)
  const writes = await measureWrites(stage.database)
  // Older than those before: the first pages are the same as they were.
  const last = new Date(now.getTime() - 800 * 86_400_000)
  await fill(stage.database, stage.folder, { count: CLEAN, last, bloated: false })
  await fillSeed(stage.database)
  await settle(stage.database)
  const large = await measureAll(stage, servers)
  const memory = Object.fromEntries(
    await Promise.all(Object.entries(servers).map(async ([name, { pid }]) => [name, await memoryOfProcess(pid)])),
  )
  const kept = await bytesKept(stage.database)
  const packed = await pack(servers.ours?.url ?? '')
  return listingReport({
    small,
    large,
    writes,
    bytes,
    kept,
    packed,
    memory,
    load: before,
    rounds: ROUNDS,
    seconds: SECONDS,
  })
}

/** What compressing a page of 50 takes and saves, where a network is in between. */
async function pack(url: string): Promise<{ bytes: number; packed: number; milliseconds: number[] }> {
  const page = Buffer.from(await (await fetch(`${url}/api/generations?limit=50`)).arrayBuffer())
  const times = Array.from({ length: 50 }, () => {
    const began = performance.now()
    const { byteLength } = Bun.gzipSync(page, { level: 1 })
    return { byteLength, milliseconds: performance.now() - began }
  })
  return {
    bytes: page.byteLength,
    packed: times[0]?.byteLength ?? 0,
    milliseconds: times.map(time => time.milliseconds),
  }
}

async function startArms(stage: Stage): Promise<Record<string, Served>> {
  const [seed, built, bare, floor, ours] = await Promise.all([
    ...['seed', 'built', 'bare', 'floor'].map(arm => stage.serve(ARMS, {}, [arm])),
    stage.serve(QUERY),
  ])
  if (!seed || !built || !bare || !floor || !ours) throw new Error('an arm did not start')
  return { seed, built, ours, floor, bare }
}

async function measureAll(stage: Stage, servers: Record<string, Served>): Promise<Measurement[]> {
  const measured: Measurement[] = []
  for (const cell of CELLS) {
    const urls = await urlsOf(stage, servers, cell)
    const arms = Object.entries(urls).map(([arm, url]): Measurement & { url: string } => ({
      arm,
      cell,
      url,
      rates: [],
      middles: [],
    }))
    for (const { url } of arms) await load(url, { atOnce: cell.atOnce, seconds: SECONDS / 2 })
    for (let round = 0; round < ROUNDS; round++) {
      for (let turn = 0; turn < arms.length; turn++) {
        const arm = arms[(round + turn) % arms.length]
        if (arm) await measure(arm, arm.url)
      }
    }
    measured.push(...arms.map(({ url: _, ...rest }) => rest))
  }
  return measured
}

async function measure(into: Measurement, url: string): Promise<void> {
  const { milliseconds, seconds } = await load(url, { atOnce: into.cell.atOnce, seconds: SECONDS })
  into.rates.push(milliseconds.length / seconds)
  into.middles.push(milliseconds.toSorted((a, b) => a - b)[milliseconds.length >> 1] ?? 0)
}

async function urlsOf(
  stage: Stage,
  servers: Record<string, Served>,
  { rows, depth }: Cell,
): Promise<Record<string, string>> {
  const base = (arm: string) => servers[arm]?.url ?? ''
  const [row] = await stage.database<{ id: string; at: string }[]>`
    select id, timestamp_text(created_at) as at from generations order by created_at desc, id desc offset ${DEEP} limit 1`
  const deep = depth === 'deep'
  const cursor = Buffer.from(`${row?.at}|${row?.id}`).toString('base64url')
  const ours = `${base('ours')}/api/generations?limit=${rows}${deep ? `&cursor=${cursor}` : ''}`
  const bytes = (await (await fetch(ours)).arrayBuffer()).byteLength
  return {
    seed: `${base('seed')}/?limit=${rows}${deep ? `&before=${row?.id}` : ''}`,
    ...(deep ? { 'seed, OFFSET': `${base('seed')}/?limit=${rows}&skip=${DEEP}` } : {}),
    'JSON per request': `${base('built')}/?limit=${rows}${deep ? `&before=${row?.id}` : ''}`,
    ours,
    floor: `${base('floor')}/?bytes=${bytes}`,
    bare: `${base('bare')}/?bytes=${bytes}`,
  }
}
