import { type BehaviorChange, DEFAULT_BEHAVIOR } from '../../testing/fake-provider/behavior.ts'

/** The provider without a fault: one in four of the answers with bytes is slow, all come in pieces, and most calls report their cost. */
export const SOAK_BEHAVIOR: BehaviorChange = {
  ...DEFAULT_BEHAVIOR,
  reportsCosts: true,
  answer: { slowOneIn: 4, delayMs: [1_000, 6_000], pieceBytes: 8_192, pieceMs: 1, cut: null },
}

/** Every answer with bytes takes seconds. */
export const SLOW_ANSWERS: BehaviorChange = {
  ...SOAK_BEHAVIOR,
  answer: { slowOneIn: 1, delayMs: [2_000, 8_000], pieceBytes: 4_096, pieceMs: 20, cut: null },
}
