import { readdir, readFile } from 'node:fs/promises'
import { waitFor } from '../wait-for.ts'

const EXIT_TIMEOUT_MS = 60_000

/** Returns the processes that have the text in their command line or environment. */
export async function findProcesses(marker: string): Promise<number[]> {
  const pids = (await listPids()).filter(pid => pid !== process.pid)
  const found = await Promise.all(pids.map(async pid => ((await processMentions(pid, marker)) ? pid : 0)))
  return found.filter(pid => pid !== 0)
}

/** Waits until no process has the text in its command line or environment. */
export async function waitUntilProcessesExit(marker: string): Promise<true> {
  const haveExited = async () => (await findProcesses(marker)).length === 0
  return await waitFor(`The end of all of ${marker}`, EXIT_TIMEOUT_MS, haveExited)
}

/**
 * Kills a process and its descendants at once. They are stopped first: none sees another end, and none shuts down in order.
 *
 * @returns the number of processes
 */
export async function killProcessTree(pid: number): Promise<number> {
  const pids = await listProcessTree(pid)
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of pids) sendSignal(pid, signal)
  return pids.length
}

/** Returns a process and its descendants. */
export async function listProcessTree(pid: number): Promise<number[]> {
  const parents = await Promise.all((await listPids()).map(async pid => ({ pid, parent: await readParentPid(pid) })))
  const descendantsOf = (ancestor: number): number[] =>
    parents.filter(({ parent }) => parent === ancestor).flatMap(({ pid }) => [pid, ...descendantsOf(pid)])
  return [pid, ...descendantsOf(pid)]
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // A session of the database has ended in the meantime.
  }
}

async function listPids(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter(pid => pid > 0)
}

async function processMentions(pid: number, marker: string): Promise<boolean> {
  const texts = ['cmdline', 'environ'].map(file => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''))
  return (await Promise.all(texts)).some(text => text.includes(marker))
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html the name, in brackets, may contain any character */
async function readParentPid(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}
