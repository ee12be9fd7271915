import { PART_FAULTS } from './part-faults.ts'
import { PROVIDER_FAULTS } from './provider-faults.ts'
import { SERVICE_FAULTS } from './service-faults.ts'
import type { FaultContext, SoakFault } from './soak-fault.ts'
import { DISK_FAULTS, STORE_FAULTS } from './storage-faults.ts'

/** Faults that are injected one after another. Series run beside one another. */
export interface FaultSeries {
  name: string
  /** Each as often as its weight. */
  faults: SoakFault[]
  /** Average pause between two of them, in ms. */
  pauseMs: number
}

/** Returns the faults that can be injected into a studio: those of its own parts, and beside them those of provider and store. */
export function listFaultSeries({ store, smallDisk }: Pick<FaultContext, 'store' | 'smallDisk'>): FaultSeries[] {
  const parts = [...SERVICE_FAULTS, ...PART_FAULTS, ...(smallDisk === null ? [] : DISK_FAULTS)]
  const others = [...PROVIDER_FAULTS, ...(store ? STORE_FAULTS : [])]
  return [
    { name: 'parts', faults: repeatByWeight(parts), pauseMs: 1_000 },
    { name: 'others', faults: repeatByWeight(others), pauseMs: 3_000 },
  ]
}

function repeatByWeight(faults: readonly SoakFault[]): SoakFault[] {
  return faults.flatMap(fault => Array<SoakFault>(fault.weight).fill(fault))
}
