/** One way of doing the work that is measured. */
export interface Arm {
  name: string
  /** Does all of the work once. */
  run(): Promise<void>
  /** What the process that does it has used so far; this one unless said. */
  cpuMilliseconds?: () => Promise<number>
  /** What must be done before, and is not measured. */
  prepare?(): Promise<void>
}

/** What one arm took, round by round. */
export interface Measured {
  name: string
  milliseconds: number[]
  /** Of the process that did the work alone. */
  cpuMilliseconds: number[]
}

export interface Spread {
  median: number
  /** The middle half lies between these. */
  low: number
  high: number
}

/**
 * Runs the arms in turns, so that whatever else the machine does meets all of them, and each round begins with another arm.
 * A first round is not counted.
 */
export async function interleave(arms: readonly Arm[], rounds: number): Promise<Measured[]> {
  const measured = arms.map(({ name }): Measured => ({ name, milliseconds: [], cpuMilliseconds: [] }))
  for (const arm of arms) {
    await arm.prepare?.()
    await arm.run()
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < arms.length; turn++) {
      const at = (round + turn) % arms.length
      const [arm, into] = [arms[at], measured[at]]
      if (arm && into) await measure(arm, into)
    }
  }
  return measured
}

/** The median of some numbers, and their middle half. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => {
    const place = (sorted.length - 1) * share
    const [below = 0, above = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
    return below + (above - below) * (place % 1)
  }
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** How often one arm fits into another, round by round. */
export function ratioOf(of: Measured, to: Measured): Spread {
  return spreadOf(of.milliseconds.map((milliseconds, round) => milliseconds / (to.milliseconds[round] ?? Number.NaN)))
}

async function measure(arm: Arm, into: Measured): Promise<void> {
  const { cpuMilliseconds = ownCpu } = arm
  await arm.prepare?.()
  Bun.gc(true)
  const cpu = await cpuMilliseconds()
  const started = performance.now()
  await arm.run()
  into.milliseconds.push(performance.now() - started)
  into.cpuMilliseconds.push((await cpuMilliseconds()) - cpu)
}

async function ownCpu(): Promise<number> {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
