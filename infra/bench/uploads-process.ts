import { readFile, writeFile } from 'node:fs/promises'
import type { Arm } from './rounds.ts'

/** An arm that is a process of its own, so that what it takes in memory is its own as well. */
export interface ProcessArm extends Arm, AsyncDisposable {
  /** By how much it was larger than when it was ready, at most, each time that it ran. */
  memoryBytes: number[]
}

const TICKS_A_SECOND = 100

/** Starts a program that does the work once for each line that it is given, and then answers with one. */
export async function startArm(name: string, program: string, ...args: string[]): Promise<ProcessArm> {
  const child = Bun.spawn([process.execPath, program, ...args], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const answers = child.stdout.getReader()
  const answer = async () => {
    if ((await answers.read()).done) throw new Error(`${name} broke off`)
  }
  await answer()
  const idle = await statusOf(child.pid, 'VmRSS')
  const memoryBytes: number[] = []
  const run = async () => {
    // What it had at most is counted anew from here. See proc(5), clear_refs.
    await writeFile(`/proc/${child.pid}/clear_refs`, '5')
    child.stdin.write('\n')
    await child.stdin.flush()
    await answer()
    memoryBytes.push((await statusOf(child.pid, 'VmHWM')) - idle)
  }
  const stop = async () => {
    await child.stdin.end()
    await child.exited
  }
  return { name, run, cpuMilliseconds: () => cpuOf(child.pid), memoryBytes, [Symbol.asyncDispose]: stop }
}

async function statusOf(pid: number, key: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
}

async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND) * 1_000
}
