import { startLineProcess } from '../kit/line-process.ts'
import { readCpuMilliseconds, readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'
import type { Variant } from '../kit/sampling.ts'

/** A variant that runs in a process of its own, so that its memory can be measured. */
export interface ProcessVariant extends Variant, AsyncDisposable {
  /** Peak of each run above the memory that the process had when it was ready, in bytes. */
  memoryBytes: number[]
}

/** Starts a program that does the work once for each line that it reads, and then writes a line. */
export async function startProcessVariant(name: string, program: string, ...args: string[]): Promise<ProcessVariant> {
  const worker = await startLineProcess(program, args)
  const idle = await readResidentBytes(worker.pid)
  const memoryBytes: number[] = []
  const run = async () => {
    await resetPeak(worker.pid)
    await worker.request()
    memoryBytes.push((await readPeakBytes(worker.pid)) - idle)
  }
  const cpuMilliseconds = () => readCpuMilliseconds(worker.pid)
  return { name, run, cpuMilliseconds, memoryBytes, [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose]() }
}
