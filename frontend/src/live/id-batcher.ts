/** Batches ids, so that the page changes at most once a frame. @returns a function that adds an id */
export function createIdBatcher(
  onBatch: (ids: ReadonlySet<string>) => void,
  nextFrame: (callback: () => void) => void = requestAnimationFrame,
): (id: string) => void {
  let pending = new Set<string>()
  const flush = () => {
    const ids = pending
    pending = new Set()
    onBatch(ids)
  }
  return id => {
    const isFirst = pending.size === 0
    pending.add(id)
    if (isFirst) nextFrame(flush)
  }
}
