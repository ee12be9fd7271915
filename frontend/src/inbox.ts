import type { Generation } from '@darkroom/contracts/generation'

export interface Inbox {
  /** Keeps a generation for the next frame; of several versions of one, the newest. */
  put(generation: Generation): void
  /** Hands over what has gathered, now. */
  empty(): void
}

/**
 * Gathers events so that the page changes at most once a frame, however many arrive.
 *
 * @param deliver takes what gathered since the last time: each generation once, in its newest version
 * @param nextFrame calls back before the next frame is drawn
 */
export function createInbox(
  deliver: (generations: Generation[]) => void,
  nextFrame: (callback: () => void) => void = requestAnimationFrame,
): Inbox {
  const gathered = new Map<string, Generation>()
  const empty = () => {
    const generations = [...gathered.values()]
    gathered.clear()
    if (generations.length > 0) deliver(generations)
  }
  const put = (generation: Generation) => {
    if (gathered.size === 0) nextFrame(empty)
    const version = gathered.get(generation.clientId)?.version ?? 0
    if (generation.version > version) gathered.set(generation.clientId, generation)
  }
  return { put, empty }
}
