import { readFile, writeFile } from 'node:fs/promises'
import { listProcessTree } from '../../testing/installs/processes.ts'

const TICKS_PER_SECOND = 100

/** Returns the resident memory of a process, in bytes. */
export async function readResidentBytes(pid: number): Promise<number> {
  return await readStatusBytes(pid, 'VmRSS')
}

/** Returns the peak of a process's resident memory since `resetPeak`, in bytes. */
export async function readPeakBytes(pid: number): Promise<number> {
  return await readStatusBytes(pid, 'VmHWM')
}

/** Resets the peak of a process's resident memory. @see proc(5), clear_refs */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** Returns the CPU time that a process has used, in milliseconds. */
export async function readCpuMilliseconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000
}

/** Returns the CPU time that a process and its descendants have used, those that have ended included, in milliseconds. */
export async function readTreeCpuMilliseconds(pid: number): Promise<number> {
  const times = (await listProcessTree(pid)).map(async process => {
    const text = await readFile(`/proc/${process}/stat`, 'utf8').catch(() => '')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // Of the process, then of its children that have ended.
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0)
  })
  const ticks = (await Promise.all(times)).reduce((sum, time) => sum + time, 0)
  return (ticks / TICKS_PER_SECOND) * 1_000
}

async function readStatusBytes(pid: number, key: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
}
