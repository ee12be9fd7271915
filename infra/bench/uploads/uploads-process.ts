import { readCpuMilliseconds, readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'
import type { Variant } from '../kit/sampling.ts'

/** An arm that is a process of its own, so that what it takes in memory is its own as well. */
export interface ProcessVariant extends Variant, AsyncDisposable {
  /** By how much it was larger than when it was ready, at most, each time that it ran. */
  memoryBytes: number[]
}

/** Starts a program that does the work once for each line that it is given, and then answers with one. */
export async function startProcessVariant(name: string, program: string, ...args: string[]): Promise<ProcessVariant> {
  const child = Bun.spawn([process.execPath, program, ...args], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const reader = child.stdout.getReader()
  const waitForReply = async () => {
    if ((await reader.read()).done) throw new Error(`${name} broke off`)
  }
  await waitForReply()
  const idle = await readResidentBytes(child.pid)
  const memoryBytes: number[] = []
  const run = async () => {
    await resetPeak(child.pid)
    child.stdin.write('\n')
    await child.stdin.flush()
    await waitForReply()
    memoryBytes.push((await readPeakBytes(child.pid)) - idle)
  }
  const stop = async () => {
    await child.stdin.end()
    await child.exited
  }
  return { name, run, cpuMilliseconds: () => readCpuMilliseconds(child.pid), memoryBytes, [Symbol.asyncDispose]: stop }
}
