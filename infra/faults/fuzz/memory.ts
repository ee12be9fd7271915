import { readFile } from 'node:fs/promises'

/** What a process holds, in MiB. */
export interface Memory {
  name: string
  start: number
  peak: number
  end: number
}

export interface MemoryWatch {
  /** Looks at all of them, now. */
  look(): Promise<void>
  table(): Memory[]
}

/** Watches the resident memory of processes. @param pids by the names that the table has */
export function watchMemory(pids: Record<string, number>): MemoryWatch {
  const seen = new Map(Object.keys(pids).map(name => [name, [] as number[]]))
  return {
    look: async () => {
      for (const [name, pid] of Object.entries(pids)) seen.get(name)?.push(await residentMib(pid))
    },
    table: () =>
      [...seen].map(([name, sizes]) => ({
        name,
        start: sizes[0] ?? 0,
        peak: Math.max(...sizes),
        end: sizes.at(-1) ?? 0,
      })),
  }
}

/** Zero for a process that is gone. */
async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024)
}
