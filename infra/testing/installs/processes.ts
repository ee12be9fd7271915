import { readdir, readFile } from 'node:fs/promises'
import { until } from '../../local/process/wait-until.ts'

const GONE_MS = 15_000

/** The processes that have the text in their command line or their environment. */
export async function processesOf(mark: string): Promise<number[]> {
  const pids = (await allProcesses()).filter(pid => pid !== process.pid)
  const found = await Promise.all(pids.map(async pid => ((await mentions(pid, mark)) ? pid : 0)))
  return found.filter(pid => pid !== 0)
}

/** Waits until there is none of them any more. */
export async function allGone(mark: string): Promise<true> {
  const wait = { what: `The end of all of ${mark}`, milliseconds: GONE_MS, signal: AbortSignal.timeout(GONE_MS) }
  return await until(async () => ((await processesOf(mark)).length === 0 ? true : undefined), wait)
}

/**
 * Takes a process and all that came from it away at once: nothing of it gets to see the end of another, and stop in order.
 *
 * @returns how many there were
 */
export async function cutPower(pid: number): Promise<number> {
  const family = await familyOf(pid)
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of family) send(pid, signal)
  return family.length
}

/** A process, and all that came from it. */
export async function familyOf(pid: number): Promise<number[]> {
  const parents = await Promise.all((await allProcesses()).map(async pid => ({ pid, parent: await parentOf(pid) })))
  const below = (ancestor: number): number[] =>
    parents.filter(({ parent }) => parent === ancestor).flatMap(({ pid }) => [pid, ...below(pid)])
  return [pid, ...below(pid)]
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // A session of the database has ended by itself in the meantime.
  }
}

async function allProcesses(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter(pid => pid > 0)
}

async function mentions(pid: number, mark: string): Promise<boolean> {
  const texts = ['cmdline', 'environ'].map(file => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''))
  return (await Promise.all(texts)).some(text => text.includes(mark))
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html the name, in brackets, may have anything in it */
async function parentOf(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}
