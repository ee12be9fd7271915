import type { AnswerBehavior, BehaviorChange } from '../../testing/fake-provider/behavior.ts'
import { SLOW_ANSWERS, SOAK_BEHAVIOR } from './soak-behavior.ts'
import type { SoakFault } from './soak-fault.ts'

/** Faults of the provider. */
export const PROVIDER_FAULTS: readonly SoakFault[] = [
  createProviderFault('the provider takes nothing more', {
    submit: { kind: 'status', status: 429, retryAfter: '1', times: 4 },
  }),
  createProviderFault('the provider is busy', { submit: { kind: 'status', status: 503, times: 2 } }),
  createProviderFault('the provider fails after it took it', {
    submit: { kind: 'status', status: 500, taken: true, times: 1 },
  }),
  createProviderFault('the provider cuts the answer to a submission', {
    submit: { kind: 'cut', taken: true, times: 1 },
  }),
  createProviderFault('the provider cannot be polled', { check: { kind: 'reset', times: 3 } }),
  createProviderFault('the provider has a queue', { queuePosition: 3 }),
  createProviderFault('the provider is slow', { delayMs: 3_000, oneAtATime: true, lookAgainSeconds: 0.5 }),
  createProviderFault('files are cut', {
    files: { '*': { kind: 'truncated', times: 1 }, 1: { kind: 'cut-in-chunks', times: 2 } },
  }),
  createProviderFault('files are away', { files: { 0: { kind: 'status', status: 503, times: 5 } } }),
  createProviderFault('the provider gives fewer', { output: 'fewer' }),
  createProviderFault('answers are slow', SLOW_ANSWERS),
  createProviderFault('ids of jobs are slow', { submitDelayMs: 1_500 }),
  ...(['before', 'headers', 'middle', 'after'] as const).map(at =>
    createProviderFault(`answers with bytes are cut (${at})`, { answer: cutAnswer(at) }),
  ),
]

function cutAnswer(at: NonNullable<AnswerBehavior['cut']>['at']): AnswerBehavior {
  return { slowOneIn: 2, delayMs: [0, 1_500], pieceBytes: 8_192, pieceMs: 2, cut: { at, times: 2 } }
}

function createProviderFault(name: string, behavior: BehaviorChange): SoakFault {
  return {
    name,
    weight: 1,
    inject: async ({ stack: { fake }, random }) => {
      await fake.setBehavior({ ...SOAK_BEHAVIOR, ...behavior })
      await Bun.sleep(500 + random.nextInt(3_000))
      await fake.setBehavior(SOAK_BEHAVIOR)
    },
  }
}
