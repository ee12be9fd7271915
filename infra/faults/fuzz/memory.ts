import { readFile } from 'node:fs/promises'

/** Memory of a process, in MiB. */
export interface MemoryUsage {
  name: string
  start: number
  peak: number
  end: number
}

export interface MemorySampler {
  /** Reads the memory of all processes now. */
  sample(): Promise<void>
  summarize(): MemoryUsage[]
}

/** Samples the resident memory of processes. @param pids by name */
export function createMemorySampler(pids: Record<string, number>): MemorySampler {
  const samples = new Map(Object.keys(pids).map(name => [name, [] as number[]]))
  return {
    sample: async () => {
      for (const [name, pid] of Object.entries(pids)) samples.get(name)?.push(await readResidentMib(pid))
    },
    summarize: () =>
      [...samples].map(([name, sizes]) => ({
        name,
        start: sizes[0] ?? 0,
        peak: Math.max(...sizes),
        end: sizes.at(-1) ?? 0,
      })),
  }
}

/** Reads the resident memory of a process; zero if it has ended. */
async function readResidentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024)
}
