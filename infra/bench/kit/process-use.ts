import { readFile, writeFile } from 'node:fs/promises'

const TICKS_PER_SECOND = 100

/** What a process has resident, in bytes. */
export async function readResidentBytes(pid: number): Promise<number> {
  return await readStatusBytes(pid, 'VmRSS')
}

/** What it had at most since `forgetPeak`, in bytes. */
export async function readPeakBytes(pid: number): Promise<number> {
  return await readStatusBytes(pid, 'VmHWM')
}

/** Has the most that a process had resident counted anew from here. @see proc(5), clear_refs */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** What a process has used of the processors, in milliseconds. */
export async function readCpuMilliseconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000
}

async function readStatusBytes(pid: number, key: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
}
