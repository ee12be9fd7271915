import { readdir, readFile } from 'node:fs/promises'
import type { TestStack } from '../studio/test-stack.ts'

const QUIET_MS = 10_000
const SAMPLE_MS = 50

/** Checks I15: no process of the services starts while nothing is to be done, and none of them restarts. */
export async function checkQuiet({ services }: Pick<TestStack, 'services'>): Promise<string[]> {
  const countLives = () => services.reduce((sum, { lives }) => sum + lives.length, 0)
  const parents = new Set(services.map(({ pid }) => pid))
  const before = { lives: countLives(), children: await listDescendants(parents) }
  const started = new Map<number, string>()
  for (const end = performance.now() + QUIET_MS; performance.now() < end; await Bun.sleep(SAMPLE_MS)) {
    for (const [pid, name] of await listDescendants(parents)) if (!before.children.has(pid)) started.set(pid, name)
  }
  return [
    ...[...started].map(([pid, name]) => `I15 process ${pid} (${name}) started in an idle studio`),
    ...(countLives() > before.lives ? ['I15 a service started again in an idle studio'] : []),
  ]
}

/** Returns the processes below the given ones, by id, each with its command; none where there is no `/proc`. */
async function listDescendants(parents: ReadonlySet<number>): Promise<Map<number, string>> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter(pid => pid > 0)
  const stats = (await Promise.all(pids.map(readStat))).filter(stat => stat !== undefined)
  const found = new Map<number, string>()
  const isBelow = ({ parent }: { parent: number }) => parents.has(parent) || found.has(parent)
  for (let size = -1; size < found.size; ) {
    size = found.size
    for (const stat of stats) if (isBelow(stat)) found.set(stat.pid, stat.name)
  }
  return found
}

async function readStat(pid: number): Promise<{ pid: number; parent: number; name: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(text) ?? []
  return name === undefined ? undefined : { pid, parent: Number(parent), name }
}
