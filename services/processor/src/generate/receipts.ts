import type { CallName } from '../answers/journal.ts'
import type { Receipt } from '../providers/adapter.ts'
import type { Lease } from '../queue/lease.ts'
import { recordReceipt } from './call-cost-rows.ts'

/** Collects what the provider reports about a call. `save` writes it down; what is reported again replaces it. */
export function collectReceipts(lease: Pick<Lease, 'write'>, name: CallName) {
  let received: Receipt | undefined
  return {
    onReceipt: (receipt: Receipt) => {
      received = { ...received, ...receipt }
    },
    save: async () => {
      const receipt = received
      received = undefined
      if (receipt) await lease.write(tx => recordReceipt(tx, name, receipt))
    },
  }
}
