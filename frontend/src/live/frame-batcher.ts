import type { Generation } from '@darkroom/contracts/generation'

/**
 * Gathers events so that the page changes at most once a frame, however many arrive.
 *
 * @param deliver takes what gathered since the last time: each generation once, in its newest version
 * @param nextFrame calls back before the next frame is drawn
 * @returns takes an event
 */
export function createInbox(
  deliver: (generations: Generation[]) => void,
  nextFrame: (callback: () => void) => void = requestAnimationFrame,
): (generation: Generation) => void {
  const gathered = new Map<string, Generation>()
  const empty = () => {
    const generations = [...gathered.values()]
    gathered.clear()
    deliver(generations)
  }
  return generation => {
    const isFirst = gathered.size === 0
    const version = gathered.get(generation.clientId)?.version ?? 0
    if (generation.version > version) gathered.set(generation.clientId, generation)
    if (isFirst && gathered.size > 0) nextFrame(empty)
  }
}
