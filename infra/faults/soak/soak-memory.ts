import type { FaultService } from '../../testing/studio/fault-service.ts'

/** The memory of a process at a moment. */
export interface MemorySample {
  pid: number
  /** Age of the process, in seconds. */
  age: number
  megabytes: number
}

/** A service's memory over all its processes. */
export interface MemorySeries {
  name: string
  samples: MemorySample[]
}

/** A process grows while it warms up, which is not a leak. */
const WARM_UP_SECONDS = 45
/** The growth of a shorter-lived process would extrapolate one burst of work to an hour. */
const MIN_MEASURED_SECONDS = 120

/** Samples the memory of services with the age of their processes. */
export function createMemorySampler(services: Record<string, () => FaultService>) {
  const startedAt = new Map<number, number>()
  const series = Object.keys(services).map(name => ({ name, samples: [] as MemorySample[] }))
  const sample = async () => {
    for (const { name, samples } of series) {
      const service = services[name]?.()
      const bytes = (await service?.readMetric('process_resident_memory_bytes').catch(() => 0)) ?? 0
      if (!service || bytes === 0) continue
      const { pid } = service
      const since = startedAt.get(pid) ?? performance.now()
      startedAt.set(pid, since)
      samples.push({ pid, age: (performance.now() - since) / 1_000, megabytes: bytes / 1_048_576 })
    }
  }
  return { sample, series: series as MemorySeries[] }
}

/** Calculates the memory that a process gains in an hour, in MB; null if none ran long enough. */
export function calculateHourlyGrowth(samples: readonly MemorySample[]): number | null {
  const lives = [...Map.groupBy(samples, ({ pid }) => pid).values()]
  let [along, across] = [0, 0]
  for (const life of lives) {
    const warm = life.filter(({ age }) => age > WARM_UP_SECONDS)
    if ((warm.at(-1)?.age ?? 0) < WARM_UP_SECONDS + MIN_MEASURED_SECONDS) continue
    const age = mean(warm.map(sample => sample.age))
    const megabytes = mean(warm.map(sample => sample.megabytes))
    for (const sample of warm) {
      along += (sample.age - age) * (sample.megabytes - megabytes)
      across += (sample.age - age) ** 2
    }
  }
  return across === 0 ? null : (along / across) * 3_600
}

function mean(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length)
}
