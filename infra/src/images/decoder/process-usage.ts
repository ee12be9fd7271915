import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Ticks a second in which Linux counts CPU time, the same on all its platforms. */
const TICKS_PER_SECOND = 100

/** Returns the memory that a process has in use, in bytes; undefined if it is gone, or this is not Linux. */
export function readResidentBytes(pid: number): number | undefined {
  const kilobytes = readText(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** Returns the CPU time that a process has used, in ms; undefined if it is gone, or this is not Linux. */
export function readCpuMs(pid: number): number | undefined {
  const text = readText(`/proc/${pid}/stat`)
  // The name of the program is in parentheses and may have spaces.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields && ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND
}

/** Makes a process yield its CPU time to others: all of its threads, each of which has a priority of its own on Linux. */
export function lowerPriority(pid: number, niceness: number): void {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), niceness)
  } catch {
    // It is gone, or this is not Linux.
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
