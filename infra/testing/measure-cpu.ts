/** Noise of a measurement, in milliseconds: what is shorter counts as this. */
const NOISE_MS = 4

/** Returns the CPU time that a call takes, in milliseconds, which other processes hardly change. */
export function measureCpu(run: () => unknown): number {
  const start = process.cpuUsage()
  run()
  return getCpuSince(start)
}

/** Returns the CPU time of this process until the promise of a call is settled, in milliseconds. @throws its rejection */
export async function measureCpuUntil(run: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage()
  await run()
  return getCpuSince(start)
}

function getCpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return Math.max(NOISE_MS, (user + system) / 1_000)
}

/**
 * Returns how many times as long a call takes for a text eight times as long: about 8 if it is linear, 64 if it is quadratic.
 *
 * @param create creates a text of about a length
 * @param length of the longer text
 */
export function measureGrowth(
  create: (length: number) => string,
  length: number,
  run: (text: string) => unknown,
): number {
  const [short, long] = [create(Math.floor(length / 8)), create(length)]
  // The first call compiles.
  run(short)
  const measure = () => {
    const before = measureCpu(() => run(short))
    return measureCpu(() => run(long)) / before
  }
  let growth = measure()
  for (let tries = 1; tries < MAX_TRIES && growth >= MAX_LINEAR_GROWTH; tries++) growth = Math.min(growth, measure())
  return growth
}

/** Growth that no linear reader reaches on a busy machine, and that a quadratic one exceeds. */
export const MAX_LINEAR_GROWTH = 24
/** Measurements of a growth that is too high: a garbage collection in one of them is not in each. */
const MAX_TRIES = 3
