import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { REFERENCE_LIMITS } from '../check-image.ts'
import { readImage } from '../image.ts'

/** Measurements of reading a file six times at once, in memory or by its path. */
export interface ReadMeasurement {
  file: string
  /** The message with which it was rejected; absent if it was accepted. */
  message?: string
  /** Memory beyond the peak until then, and CPU time of the process. */
  megabytes: number
  cpuMs: number
}

const AT_ONCE = 6

// Runs as a process of its own, because only that has a peak of its own: prints the measurements of the files of a folder.
if (import.meta.main) {
  const [folder = '', warmUp = ''] = process.argv.slice(2)
  for (const file of await readdir(warmUp)) await read(join(warmUp, file))
  for (const file of await readdir(folder)) {
    const measurement: ReadMeasurement = { file, ...(await read(join(folder, file))) }
    process.stdout.write(`${JSON.stringify(measurement)}\n`)
  }
}

async function read(path: string): Promise<Omit<ReadMeasurement, 'file'>> {
  const bytes = await Bun.file(path).bytes()
  const [memory, cpu] = [await readPeakMegabytes(), process.cpuUsage()]
  const inputs = Array.from({ length: AT_ONCE }, (_, index) => (index % 2 ? bytes : { path, bytes: bytes.length }))
  const results = await Promise.allSettled(inputs.map(input => readImage(input, REFERENCE_LIMITS)))
  const { user, system } = process.cpuUsage(cpu)
  const messages = new Set(results.map(result => (result.status === 'rejected' ? result.reason.message : undefined)))
  if (messages.size !== 1) throw new Error(`${path} was read in different ways: ${[...messages].join(', ')}`)
  const [message] = messages
  return {
    ...(message !== undefined && { message }),
    megabytes: (await readPeakMegabytes()) - memory,
    cpuMs: (user + system) / 1000,
  }
}

/** Reads the peak of this process from Linux: what `getrusage` returns begins with that of the parent. */
async function readPeakMegabytes(): Promise<number> {
  const status = await Bun.file('/proc/self/status').text()
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
