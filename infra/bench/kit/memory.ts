import { readFile } from 'node:fs/promises'
import { readRunFile } from '../../local/launch/run-file.ts'
import { familyOf } from '../../testing/installs/processes.ts'

/**
 * The memory that a studio takes, part by part, with what each has started: the proportional set size, in which a page that
 * several processes share is counted once.
 *
 * @param launcher its process
 * @returns bytes, by part; `launcher` is the gateway as well
 * @see https://www.kernel.org/doc/html/latest/filesystems/proc.html smaps_rollup
 */
export async function memoryOf(launcher: number, dataDir: string): Promise<Record<string, number>> {
  const parts = Object.entries((await readRunFile(dataDir))?.processes ?? {})
  const families = await Promise.all(parts.map(async ([name, { pid }]) => [name, await familyOf(pid)] as const))
  const counted = new Set(families.flatMap(([, family]) => family))
  const rest = (await familyOf(launcher)).filter(pid => !counted.has(pid))
  const all = [['launcher', rest] as const, ...families]
  return Object.fromEntries(await Promise.all(all.map(async ([name, pids]) => [name, await shareOf(pids)] as const)))
}

/** The same of one process. */
export async function memoryOfProcess(pid: number): Promise<number> {
  return await pssOf(pid)
}

async function shareOf(pids: readonly number[]): Promise<number> {
  const shares = await Promise.all(pids.map(pssOf))
  return shares.reduce((sum, share) => sum + share, 0)
}

async function pssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
}
