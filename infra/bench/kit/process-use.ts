import { readFile, writeFile } from 'node:fs/promises'

const TICKS_A_SECOND = 100

/** What a process has resident, in bytes. */
export async function residentOf(pid: number): Promise<number> {
  return await statusOf(pid, 'VmRSS')
}

/** What it had at most since `forgetPeak`, in bytes. */
export async function peakOf(pid: number): Promise<number> {
  return await statusOf(pid, 'VmHWM')
}

/** Has the most that a process had resident counted anew from here. @see proc(5), clear_refs */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** What a process has used of the processors, in milliseconds. */
export async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND) * 1_000
}

async function statusOf(pid: number, key: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
}
