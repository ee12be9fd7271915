/** One way of doing the work that is measured. */
export interface Variant {
  name: string
  /** Does all of the work once. */
  run(): Promise<void>
  /** What the process that does it has used so far; this one unless said. */
  cpuMilliseconds?: () => Promise<number>
  /** What must be done before, and is not measured. */
  prepare?(): Promise<void>
}

/** What one arm took, round by round. */
export interface VariantSamples {
  name: string
  milliseconds: number[]
  /** Of the process that did the work alone. */
  cpuMilliseconds: number[]
}

export interface Quartiles {
  median: number
  /** The middle half lies between these. */
  low: number
  high: number
}

/**
 * Runs the arms in turns, so that whatever else the machine does meets all of them, and each round begins with another arm.
 * A first round is not counted.
 */
export async function interleave(variants: readonly Variant[], samples: number): Promise<VariantSamples[]> {
  const measured = variants.map(({ name }): VariantSamples => ({ name, milliseconds: [], cpuMilliseconds: [] }))
  for (const variant of variants) {
    await variant.prepare?.()
    await variant.run()
  }
  for (let sample = 0; sample < samples; sample++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const at = (sample + turn) % variants.length
      const [variant, into] = [variants[at], measured[at]]
      if (variant && into) await measureVariant(variant, into)
    }
  }
  return measured
}

/** The median of some numbers, and their middle half. */
export function computeQuartiles(numbers: readonly number[]): Quartiles {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => {
    const position = (sorted.length - 1) * share
    const [below = 0, above = 0] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]]
    return below + (above - below) * (position % 1)
  }
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** How often one arm fits into another, round by round. */
export function computeRatio(of: VariantSamples, to: VariantSamples): Quartiles {
  return computeQuartiles(
    of.milliseconds.map((milliseconds, sample) => milliseconds / (to.milliseconds[sample] ?? Number.NaN)),
  )
}

async function measureVariant(variant: Variant, into: VariantSamples): Promise<void> {
  const { cpuMilliseconds = readOwnCpuMilliseconds } = variant
  await variant.prepare?.()
  Bun.gc(true)
  const cpu = await cpuMilliseconds()
  const started = performance.now()
  await variant.run()
  into.milliseconds.push(performance.now() - started)
  into.cpuMilliseconds.push((await cpuMilliseconds()) - cpu)
}

async function readOwnCpuMilliseconds(): Promise<number> {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
