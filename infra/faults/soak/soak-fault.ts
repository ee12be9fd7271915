import type { Random } from '../../testing/random.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import type { SoakProbe } from './soak-probe.ts'
import type { SoakStore } from './soak-store.ts'

/** The parts of a studio under test that faults are injected into. */
export interface FaultContext {
  stack: TestStack
  /** The object store behind S3; null if the studio stores objects on its disk. */
  store: SoakStore | null
  /** The data directory, on a small file system of its own; null if there is none. */
  smallDisk: string | null
  /** Shift of a wrong clock, in ms. */
  clockShiftMs: number
  probe: SoakProbe
  random: Random
}

/** A fault. `inject` resolves when the fault is over, or when it may continue during the next one. */
export interface SoakFault {
  name: string
  /** Relative frequency. */
  weight: number
  inject(context: FaultContext): Promise<void>
}

/** Waits for up to `milliseconds`. */
export async function pause(random: Random, milliseconds: number): Promise<void> {
  await Bun.sleep(random.nextInt(milliseconds + 1))
}
