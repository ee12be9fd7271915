import { readProcessUse, readTreeUse } from './process-tree.ts'

/** Memory of a part of the studio, in MiB: of a service with its decoders, of the gateway without what it has started. */
export interface MemoryUsage {
  name: string
  start: number
  peak: number
  end: number
  /** Difference between the medians of the last and the second quarter of the samples. */
  growth: number
}

export interface MemorySampler {
  /** Reads the memory of all processes now. */
  sample(): Promise<void>
  summarize(): MemoryUsage[]
}

/** Samples the resident memory of the studio's parts. @param pids by name */
export function createMemorySampler(pids: Record<string, number>): MemorySampler {
  const samples = new Map(Object.keys(pids).map(name => [name, [] as number[]]))
  return {
    sample: async () => {
      for (const [name, pid] of Object.entries(pids)) {
        const { residentMib } = await (name === 'gateway' ? readProcessUse(pid) : readTreeUse(pid))
        samples.get(name)?.push(Math.round(residentMib))
      }
    },
    summarize: () =>
      [...samples].map(([name, sizes]) => ({
        name,
        start: sizes[0] ?? 0,
        peak: Math.max(...sizes),
        end: sizes.at(-1) ?? 0,
        growth: computeGrowth(sizes),
      })),
  }
}

/** Returns how much the median of the last quarter of the samples is above that of the second: the first warms up. */
function computeGrowth(sizes: readonly number[]): number {
  const quarter = Math.floor(sizes.length / 4)
  return quarter === 0 ? 0 : findMedian(sizes.slice(-quarter)) - findMedian(sizes.slice(quarter, 2 * quarter))
}

function findMedian(sizes: readonly number[]): number {
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0
}
