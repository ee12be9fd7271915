/** One way of doing the work that is measured. */
export interface Variant {
  name: string
  /** Does all of the work once. */
  run(): Promise<void>
  /** Reads the CPU time that the working process has used so far; of this process unless given. */
  cpuMilliseconds?: () => Promise<number>
  /** Runs before each sample, unmeasured. */
  prepare?(): Promise<void>
}

/** The measurements of one variant, a number for each sample. */
export interface VariantSamples {
  name: string
  milliseconds: number[]
  /** CPU time of the process that did the work. */
  cpuMilliseconds: number[]
}

/** Runs all variants in turns, after a first run of each that is not measured. */
export async function interleave(variants: readonly Variant[], samples: number): Promise<VariantSamples[]> {
  const measured = variants.map(variant => ({
    variant,
    into: { name: variant.name, milliseconds: [], cpuMilliseconds: [] } as VariantSamples,
  }))
  for (const variant of variants) {
    await variant.prepare?.()
    await variant.run()
  }
  await takeTurns(measured, samples, ({ variant, into }) => measureVariant(variant, into))
  return measured.map(({ into }) => into)
}

/**
 * Measures each variant `samples` times, in turns: whatever else the machine does meets all of them. Each round begins with
 * another variant.
 */
export async function takeTurns<T>(
  variants: readonly T[],
  samples: number,
  measure: (variant: T) => Promise<void>,
): Promise<void> {
  for (let sample = 0; sample < samples; sample++) {
    const first = sample % variants.length
    for (const variant of [...variants.slice(first), ...variants.slice(0, first)]) await measure(variant)
  }
}

/** Returns the samples of a variant. @throws Error if there is no variant of that name */
export function findVariant<Samples extends VariantSamples>(measured: readonly Samples[], name: string): Samples {
  const variant = measured.find(variant => variant.name === name)
  if (!variant) throw new Error(`no variant is named ${name}`)
  return variant
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
