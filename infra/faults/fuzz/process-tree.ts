import { readdir, readFile } from 'node:fs/promises'

/** CPU and memory of a process and its descendants. */
export interface TreeUse {
  /** Seconds of CPU, with those of descendants that have ended. */
  cpuSeconds: number
  /** Resident memory, in MiB. */
  residentMib: number
}

/** Ticks a second of the times in /proc, on every Linux of today. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100
const PAGE_MIB = 4096 / 1024 / 1024
/** Fields of `/proc/<pid>/stat` after the name: four times, and the number of resident pages. */
const [FIRST_TIME, TIMES, RESIDENT] = [11, 4, 21]

/** Reads what a process and its descendants use; nothing if it has ended. */
export async function readTreeUse(pid: number): Promise<TreeUse> {
  const [own, children] = await Promise.all([readProcessUse(pid), listChildren(pid)])
  const all = [own, ...(await Promise.all(children.map(readTreeUse)))]
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    residentMib: all.reduce((sum, { residentMib }) => sum + residentMib, 0),
  }
}

/** Reads what a process uses, without its descendants; nothing if it has ended. */
export async function readProcessUse(pid: number): Promise<TreeUse> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(FIRST_TIME, FIRST_TIME + TIMES).reduce((sum, field) => sum + Number(field), 0)
  return { cpuSeconds: ticks / TICKS_PER_SECOND, residentMib: Number(fields[RESIDENT] ?? 0) * PAGE_MIB }
}

/** Lists the children of a process, whichever of its threads started them. */
async function listChildren(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(
    threads.map(thread => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  )
  return lists.flatMap(list => list.split(' ').filter(Boolean).map(Number))
}
