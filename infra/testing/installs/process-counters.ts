import { readdir, readFile } from 'node:fs/promises'
import { listProcessTree } from './processes.ts'

/** Counters of a process that only rise. */
export interface ProcessCounters {
  /** Times that a thread has gone to sleep and was woken, by thread id: those of a thread that ends are gone with it. */
  wakeups: ReadonlyMap<string, number>
  /** CPU time, in clock ticks. */
  ticks: number
  /** Page faults of child processes that have ended: it rises with every one, however short its life was. */
  childFaults: number
  command: string
}

/**
 * Reads the counters of a process and its descendants, by process id.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export async function readProcessCounters(root: number): Promise<Map<number, ProcessCounters>> {
  const counters = await Promise.all((await listProcessTree(root)).map(async pid => [pid, await readOne(pid)] as const))
  return new Map(counters.filter((entry): entry is [number, ProcessCounters] => entry[1] !== undefined))
}

/**
 * Lists what was started between two readings: processes that run now, and parents of such as have ended.
 *
 * @param isCounted whether a process counts, by its command line; each does unless given
 */
export function listProcessStarts(
  before: ReadonlyMap<number, ProcessCounters>,
  after: ReadonlyMap<number, ProcessCounters>,
  isCounted: (command: string) => boolean = () => true,
): string[] {
  const counted = [...after].filter(([, { command }]) => isCounted(command))
  return counted.flatMap(([pid, { command, childFaults }]) => {
    const earlier = before.get(pid)
    if (!earlier) return [`started: ${command}`]
    return childFaults > earlier.childFaults ? [`a child of ${command} ended`] : []
  })
}

/** Counts the wake-ups between two readings, but for those of threads that have ended since. */
export function countWakeups(
  before: ReadonlyMap<number, ProcessCounters>,
  after: ReadonlyMap<number, ProcessCounters>,
): number {
  const rises = [...after].flatMap(([pid, { wakeups }]) =>
    [...wakeups].map(([thread, count]) => count - (before.get(pid)?.wakeups.get(thread) ?? 0)),
  )
  return rises.reduce((sum, rise) => sum + rise, 0)
}

async function readOne(pid: number): Promise<ProcessCounters | undefined> {
  const [stat, command, wakeups] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readWakeups(pid),
  ])
  if (stat === '') return undefined
  const field = parseFields(stat)
  return {
    wakeups,
    ticks: field(14) + field(15),
    childFaults: field(11) + field(13),
    command: command.replaceAll('\0', ' ').trim(),
  }
}

/** Returns a function that returns a field of a stat line by its number in the manual. The name, in brackets, may contain any character. */
function parseFields(stat: string): (number: number) => number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return number => Number(fields[number - 3] ?? 0)
}

async function readWakeups(pid: number): Promise<Map<string, number>> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const counts = threads.map(async thread => {
    const text = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '')
    return [thread, Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0)] as const
  })
  return new Map(await Promise.all(counts))
}
