import type { Receipt } from './adapter.ts'

/** Gathers what a provider reports about a call, piece by piece, in one receipt. What is reported again replaces it. */
export function gatherReceipt(): { receipt: Receipt; onReceipt: (reported: Receipt) => void } {
  const receipt: Receipt = {}
  return { receipt, onReceipt: reported => void Object.assign(receipt, reported) }
}
