import type { Model } from './model.ts'

/** Returns the estimated time for `outputs` outputs of a model, in seconds: the learned median, else the value of its catalogue. */
export function estimateSeconds(
  model: Pick<Model, 'estimatedSeconds' | 'estimatedSecondsEach' | 'learnedSeconds'>,
  outputs: number,
): number {
  return model.learnedSeconds[outputs] ?? model.estimatedSeconds + model.estimatedSecondsEach * (outputs - 1)
}
