import { constants, setPriority } from 'node:os'
import { waitUntil } from '../../local/process/wait-until.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { readCpuMilliseconds, readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { computeQuantile } from '../kit/statistics.ts'
import { type LocalEnv, openLocalEnv, type Scale } from './local-env.ts'

const SIDE = 1_024
const SCALES: readonly Scale[] = [2, 4]
const BLOCKS = 4
const SAMPLES = 12
const CANCELS = 3
/** Mean of the random pause between two submissions. */
const PAUSE_MS = 60
const MAX_CLAIM_RATIO = 1.5
const MAX_MEMORY_MB = 300
const MAX_CANCEL_MS = 2_000
const MB = 1e6
const neverAborted = new AbortController().signal

const METHOD = [
  `Upscales of an image of ${SIDE} × ${SIDE} pixels on this machine, by the real ingest and processor, and generations of the demo beside`,
  'them. Postgres flushes each commit; every part is a process of its own, on the machine that all of them share.',
  '',
  '- **demo, alone**, **beside a loop** and **beside an upscale**: the time from the row of a generation to its claim, by the clock of the',
  `  database; ${BLOCKS * SAMPLES} generations each, in ${BLOCKS} blocks, in turns; in the second a process of the lowest priority occupies a core,`,
  '  which is what any work beside it costs at least, and in the third an upscale by 2 is at work all the time',
  '- **upscale 2x**, **upscale 4x**: from the claim to the stored result, nothing else going on; the CPU time of the upscaler’s process,',
  '  and its peak of resident memory above what it has before, warm and without work',
  '- **cancel**: from the request to the end of the upscaler’s process, an upscale by 4 at work',
]

interface Upscale {
  seconds: number
  cpuSeconds: number
  idleMegabytes: number
  peakMegabytes: number
}

/** Times from rows to their claims, in ms, by variant. */
type Claims = Record<'alone' | 'loop' | 'beside', number[]>

interface Row {
  name: string
  latencies?: number[]
  upscale?: Upscale
}

/** Measures upscales on this machine, and what they cost other generations. */
export async function run(): Promise<BenchResult> {
  await using env = await openLocalEnv()
  const image = await env.uploadImage(SIDE)
  // The first of each is slower and not counted.
  await sampleClaims(env, 5)
  const upscales = new Map<Scale, Upscale>()
  for (const scale of SCALES) upscales.set(scale, await measureUpscale(env, image, scale))
  const claims: Claims = { alone: [], loop: [], beside: [] }
  for (let block = 0; block < BLOCKS; block++) {
    claims.alone.push(...(await sampleClaims(env, SAMPLES)))
    claims.loop.push(...(await besideLoop(() => sampleClaims(env, SAMPLES))))
    claims.beside.push(...(await besideUpscale(env, image, () => sampleClaims(env, SAMPLES))))
  }
  const cancels: number[] = []
  while (cancels.length < CANCELS) cancels.push(await measureCancel(env, image))
  return createReport(claims, upscales, cancels)
}

/** Submits generations of the demo one after another. @returns the time from each row to its claim, in ms */
async function sampleClaims(env: LocalEnv, times: number): Promise<number[]> {
  const ids: string[] = []
  for (let time = 0; time < times; time++) {
    await sleep(Math.random() * 2 * PAUSE_MS, neverAborted)
    const id = await env.submitDemo()
    ids.push(id)
    await env.waitUntilCompleted(id)
  }
  const rows = await env.sql<{ ms: number }[]>`
    select extract(epoch from started_at - created_at)::float * 1000 as ms from generations where id = any(${ids}::uuid[])`
  return rows.map(({ ms }) => ms)
}

/** Runs `work` while a process of the lowest priority does nothing but occupy a core: what any work beside it costs at least. */
async function besideLoop<T>(work: () => Promise<T>): Promise<T> {
  const loop = Bun.spawn([process.execPath, '-e', 'for (;;);'], { stdio: ['ignore', 'ignore', 'ignore'] })
  try {
    setPriority(loop.pid, constants.priority.PRIORITY_LOW)
    return await work()
  } finally {
    loop.kill('SIGKILL')
    await loop.exited
  }
}

/** Runs `work` while an upscale is at work, one after another for as long as it takes. */
async function besideUpscale<T>(env: LocalEnv, image: string, work: () => Promise<T>): Promise<T> {
  const first = await env.submitUpscale(image, 2)
  await env.waitForProgress(first)
  // The next one begins when the first has ended.
  const second = await env.submitUpscale(image, 2)
  const result = await work()
  for (const id of [second, first]) await env.cancel(id)
  return result
}

async function completeUpscale(env: LocalEnv, image: string, scale: Scale): Promise<number> {
  const id = await env.submitUpscale(image, scale)
  await env.waitUntilCompleted(id)
  const [row] = await env.sql<{ seconds: number }[]>`
    select extract(epoch from completed_at - started_at)::float as seconds from generations where id = ${id}`
  return row?.seconds ?? Number.NaN
}

/** Measures an upscale in a process of its own, which has made a small one before. */
async function measureUpscale(env: LocalEnv, image: string, scale: Scale): Promise<Upscale> {
  const other = await env.findUpscaler()
  if (other !== undefined) process.kill(other, 'SIGKILL')
  await completeUpscale(env, await env.uploadImage(16), scale)
  const pid = await env.findUpscaler()
  if (pid === undefined) throw new Error('the upscaler does not run')
  const idleBytes = await readResidentBytes(pid)
  await resetPeak(pid)
  const cpuBefore = await readCpuMilliseconds(pid)
  const seconds = await completeUpscale(env, image, scale)
  return {
    seconds,
    cpuSeconds: ((await readCpuMilliseconds(pid)) - cpuBefore) / 1_000,
    idleMegabytes: idleBytes / MB,
    peakMegabytes: (await readPeakBytes(pid)) / MB,
  }
}

async function measureCancel(env: LocalEnv, image: string): Promise<number> {
  const id = await env.submitUpscale(image, 4)
  await env.waitForProgress(id)
  const startedAt = performance.now()
  await env.cancel(id)
  const isGone = async () => ((await env.findUpscaler()) === undefined ? true : undefined)
  await waitUntil(isGone, { what: 'the end of the process', milliseconds: 60_000, intervalMs: 5, signal: neverAborted })
  return performance.now() - startedAt
}

function createReport(
  { alone, loop, beside }: Claims,
  upscales: ReadonlyMap<Scale, Upscale>,
  cancels: readonly number[],
): BenchResult {
  return buildResult<Row>({
    title: 'This machine',
    method: METHOD,
    columns: {
      variant: ({ name }) => name,
      'claimed after, median ms': ({ latencies }) => (latencies ? computeQuantile(latencies, 0.5).toFixed(1) : '–'),
      '95 of 100 within ms': ({ latencies }) => (latencies ? computeQuantile(latencies, 0.95).toFixed(1) : '–'),
      seconds: ({ upscale }) => upscale?.seconds.toFixed(1) ?? '–',
      'CPU seconds': ({ upscale }) => upscale?.cpuSeconds.toFixed(1) ?? '–',
      'idle MB': ({ upscale }) => upscale?.idleMegabytes.toFixed(0) ?? '–',
      'peak MB': ({ upscale }) => upscale?.peakMegabytes.toFixed(0) ?? '–',
    },
    rows: [
      { name: 'demo, alone', latencies: alone },
      { name: 'demo, beside a loop', latencies: loop },
      { name: 'demo, beside an upscale', latencies: beside },
      ...[...upscales].map(([scale, upscale]) => ({ name: `upscale ${scale}x`, upscale })),
    ],
    targets: [
      createClaimTarget({ alone, loop, beside }),
      ...createUpscaleTargets(upscales),
      createCancelTarget(cancels),
    ],
    samples: { alone, loop, beside, cancels },
  })
}

function createClaimTarget({ alone, loop, beside }: Claims): Target {
  const compare = (to: readonly number[], share: number) => computeQuantile(beside, share) / computeQuantile(to, share)
  const [p95, toLoop] = [compare(alone, 0.95), compare(loop, 0.5)].map(ratio => ratio.toFixed(2))
  return createTarget({
    target: `beside an upscale claimed within ${MAX_CLAIM_RATIO} times of the time alone`,
    value: compare(alone, 0.5),
    digits: 2,
    suffix: ` at the median, ${p95} for 95 of 100; ${toLoop} times of the time beside a loop`,
    atMost: MAX_CLAIM_RATIO,
  })
}

function createUpscaleTargets(upscales: ReadonlyMap<Scale, Upscale>): Target[] {
  return [...upscales].map(([scale, { idleMegabytes, peakMegabytes }]) =>
    createTarget({
      target: `${scale}x takes at most ${MAX_MEMORY_MB} MB above idle`,
      value: peakMegabytes - idleMegabytes,
      digits: 0,
      suffix: ' MB',
      atMost: MAX_MEMORY_MB,
    }),
  )
}

function createCancelTarget(cancels: readonly number[]): Target {
  return createTarget({
    target: `a cancel ends the work within ${MAX_CANCEL_MS} ms`,
    value: Math.max(...cancels),
    digits: 0,
    suffix: ` ms at most, of ${cancels.length}`,
    atMost: MAX_CANCEL_MS,
  })
}
