import type { Generation } from '@darkroom/contracts/generation'

/**
 * Batches events, so that the page changes at most once a frame, however many arrive.
 *
 * @param onBatch receives the events since the last batch: each generation once, in its newest version
 * @param nextFrame calls back before the next frame is drawn
 * @returns a function that adds an event
 */
export function createFrameBatcher(
  onBatch: (generations: Generation[]) => void,
  nextFrame: (callback: () => void) => void = requestAnimationFrame,
): (generation: Generation) => void {
  const pending = new Map<string, Generation>()
  const flush = () => {
    const generations = [...pending.values()]
    pending.clear()
    onBatch(generations)
  }
  return generation => {
    const isFirst = pending.size === 0
    const version = pending.get(generation.clientId)?.version ?? 0
    if (generation.version > version) pending.set(generation.clientId, generation)
    if (isFirst && pending.size > 0) nextFrame(flush)
  }
}
