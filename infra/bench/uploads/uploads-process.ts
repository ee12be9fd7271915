import { cpuOf, forgetPeak, peakOf, residentOf } from '../kit/process-use.ts'
import type { Arm } from '../kit/sampling.ts'

/** An arm that is a process of its own, so that what it takes in memory is its own as well. */
export interface ProcessArm extends Arm, AsyncDisposable {
  /** By how much it was larger than when it was ready, at most, each time that it ran. */
  memoryBytes: number[]
}

/** Starts a program that does the work once for each line that it is given, and then answers with one. */
export async function startArm(name: string, program: string, ...args: string[]): Promise<ProcessArm> {
  const child = Bun.spawn([process.execPath, program, ...args], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const answers = child.stdout.getReader()
  const answer = async () => {
    if ((await answers.read()).done) throw new Error(`${name} broke off`)
  }
  await answer()
  const idle = await residentOf(child.pid)
  const memoryBytes: number[] = []
  const run = async () => {
    await forgetPeak(child.pid)
    child.stdin.write('\n')
    await child.stdin.flush()
    await answer()
    memoryBytes.push((await peakOf(child.pid)) - idle)
  }
  const stop = async () => {
    await child.stdin.end()
    await child.exited
  }
  return { name, run, cpuMilliseconds: () => cpuOf(child.pid), memoryBytes, [Symbol.asyncDispose]: stop }
}
