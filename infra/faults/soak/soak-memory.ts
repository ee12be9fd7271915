import type { FaultService } from '../../testing/studio/fault-service.ts'

/** What a process held at a moment of one of its lives. */
export interface MemorySample {
  pid: number
  /** How long it had lived, in seconds. */
  age: number
  megabytes: number
}

/** A service's memory over all its lives. */
export interface MemorySeries {
  name: string
  samples: MemorySample[]
}

/** While it warms up a process grows, which is no leak. */
const WARM_UP_SECONDS = 45
/** A shorter life says nothing of an hour: what a burst of work takes would be told as if it went on. */
const MIN_MEASURED_SECONDS = 120

/** Follows what services hold, and since when. */
export function createMemorySampler(services: Record<string, FaultService>) {
  const startedAt = new Map<number, number>()
  const series = Object.keys(services).map(name => ({ name, samples: [] as MemorySample[] }))
  const sample = async () => {
    for (const { name, samples } of series) {
      const service = services[name]
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

/** Memory gained an hour by a process that goes on living, in MB; null if none lived long enough to say. */
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
