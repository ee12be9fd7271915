import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { getFreeBytes, MIN_SUBMIT_BYTES, MIN_WRITE_BYTES } from '../../src/runtime/disk-space.ts'
import type { FaultContext, SoakFault } from './soak-fault.ts'
import type { SoakStore } from './soak-store.ts'

const OUTAGE_MS = [1_000, 2_000, 4_000, 8_000, 30_000] as const

/** Faults of the object store. */
export const STORE_FAULTS: readonly SoakFault[] = [
  createStoreFault('the store refuses', 2, {
    begin: ({ setRefusing }) => setRefusing(true),
    end: ({ setRefusing }) => setRefusing(false),
  }),
  createStoreFault('the store resets', 1, {
    begin: ({ proxy }) => proxy.setFault({ kind: 'reset' }),
    end: ({ proxy }) => proxy.setFault({ kind: 'none' }),
  }),
  createStoreFault('the store is silent', 1, {
    begin: ({ proxy }) => proxy.setFault({ kind: 'black-hole' }),
    end: ({ proxy }) => proxy.setFault({ kind: 'none' }),
  }),
]

/** Faults of the disk of the data directory. */
export const DISK_FAULTS: readonly SoakFault[] = [
  createDiskFault('the disk has no space for a submission', MIN_SUBMIT_BYTES),
  createDiskFault('the disk has no space for a row', MIN_WRITE_BYTES),
]

function createStoreFault(
  name: string,
  weight: number,
  { begin, end }: { begin(store: SoakStore): void; end(store: SoakStore): void },
): SoakFault {
  return {
    name,
    weight,
    inject: async ({ store, random }) => {
      if (!store) return
      begin(store)
      await Bun.sleep(random.pick(OUTAGE_MS))
      end(store)
    },
  }
}

/** Fills the disk until less than a limit is free. */
function createDiskFault(name: string, limit: number): SoakFault {
  return {
    name,
    weight: 1,
    inject: async ({ smallDisk, random }: FaultContext) => {
      if (smallDisk === null) return
      const file = join(smallDisk, 'filler')
      const bytes = Math.floor((await getFreeBytes(smallDisk)) - limit * 0.6)
      await Bun.spawn(['fallocate', '-l', String(bytes), file]).exited
      await Bun.sleep(2_000 + random.nextInt(5_000))
      await rm(file, { force: true })
    },
  }
}
