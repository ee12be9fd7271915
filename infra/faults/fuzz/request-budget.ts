import { sleep } from '../../src/runtime/timers.ts'
import { readTreeUse, type TreeUse } from './process-tree.ts'

/** Limits on what one request uses, alone in the studio, whatever it contains. */
export const REQUEST_BUDGET = { seconds: 10, cpuSeconds: 3, memoryMib: 400 }

/** Time, CPU and memory that a request used. */
export interface RequestUse {
  seconds: number
  /** CPU of ingest and query and all that they started. */
  cpuSeconds: number
  /** Growth of their memory, at its highest. */
  memoryMib: number
}

const SAMPLE_MS = 20

/** Measures what the processes of a studio use while a request is sent. */
export async function measureRequest<T>(
  pids: Record<string, number>,
  send: () => Promise<T>,
): Promise<{ result: T; use: RequestUse }> {
  const before = await readUseBefore(pids)
  const began = performance.now()
  const done = new AbortController()
  const peak = samplePeak(pids, done.signal)
  const result = await send().finally(() => done.abort())
  const seconds = (performance.now() - began) / 1_000
  const after = await readUse(pids)
  const memoryMib = Math.max(await peak, after.residentMib) - before.residentMib
  return { result, use: { seconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, memoryMib } }
}

/** Returns what of a request's use is above its budget, in a few words each. */
export function checkBudget(use: RequestUse): string[] {
  const units = { seconds: 's', cpuSeconds: 's of CPU', memoryMib: 'MiB of memory' }
  return (Object.keys(REQUEST_BUDGET) as (keyof RequestUse)[]).flatMap(name =>
    use[name] > REQUEST_BUDGET[name] ? [`took ${use[name].toFixed(1)} ${units[name]}, of ${REQUEST_BUDGET[name]}`] : [],
  )
}

async function samplePeak(pids: Record<string, number>, signal: AbortSignal): Promise<number> {
  let peak = 0
  while (!signal.aborted) {
    peak = Math.max(peak, (await readUse(pids)).residentMib)
    await sleep(SAMPLE_MS, signal)
  }
  return peak
}

/** Reads twice: the CPU of a decoder that ends between the reading of its parent and its own is missing in one of them. */
async function readUseBefore(pids: Record<string, number>): Promise<TreeUse> {
  const [first, second] = [await readUse(pids), await readUse(pids)]
  return { cpuSeconds: Math.max(first.cpuSeconds, second.cpuSeconds), residentMib: second.residentMib }
}

async function readUse({ ingest = 0, query = 0 }: Record<string, number>): Promise<TreeUse> {
  const [a, b] = await Promise.all([readTreeUse(ingest), readTreeUse(query)])
  return { cpuSeconds: a.cpuSeconds + b.cpuSeconds, residentMib: a.residentMib + b.residentMib }
}
