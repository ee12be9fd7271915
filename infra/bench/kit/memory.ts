import { readFile } from 'node:fs/promises'
import { readRunFile } from '../../local/launch/run-file.ts'
import { listProcessTree } from '../../testing/installs/processes.ts'

/**
 * Measures the memory of a studio by part, child processes included: the proportional set size, which counts a page that
 * several processes share once.
 *
 * @param launcher pid of the launcher
 * @returns bytes by part; `launcher` includes the gateway
 * @see https://www.kernel.org/doc/html/latest/filesystems/proc.html smaps_rollup
 */
export async function measureStudioMemory(launcher: number, dataDir: string): Promise<Record<string, number>> {
  const processes = Object.entries((await readRunFile(dataDir))?.processes ?? {})
  const processTrees = await Promise.all(
    processes.map(async ([name, { pid }]) => [name, await listProcessTree(pid)] as const),
  )
  const counted = new Set(processTrees.flatMap(([, pids]) => pids))
  const rest = (await listProcessTree(launcher)).filter(pid => !counted.has(pid))
  const all = [['launcher', rest] as const, ...processTrees]
  return Object.fromEntries(await Promise.all(all.map(async ([name, pids]) => [name, await sumPss(pids)] as const)))
}

/** Measures the proportional set size of a process, in bytes; 0 if it has ended. */
export async function measureProcessMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
}

/** Measures the memory of a process and its descendants, in bytes. */
export async function measureTreeMemory(pid: number): Promise<number> {
  return await sumPss(await listProcessTree(pid))
}

async function sumPss(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(measureProcessMemory))
  return sizes.reduce((sum, share) => sum + share, 0)
}
