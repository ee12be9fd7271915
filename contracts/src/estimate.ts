import type { Model } from './model.ts'

/** Seconds that `outputs` pictures of a model are likely to take: what was learned, else what its catalogue says. */
export function estimateSeconds(
  model: Pick<Model, 'estimatedSeconds' | 'estimatedSecondsEach' | 'learnedSeconds'>,
  outputs: number,
): number {
  return model.learnedSeconds[outputs] ?? model.estimatedSeconds + model.estimatedSecondsEach * (outputs - 1)
}
