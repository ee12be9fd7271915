/** The frames from the release of the pointer until every preview in view was shown. Times are in ms since the release. */
export interface ScrubSample {
  /** When the page of the list was requested: below zero if before the release. */
  requested: number
  /** When it was there. */
  received: number
  /** When the first frame with the placeholders of the month was painted. */
  placeholders: number
  /** When the first frame with every preview in view was painted. */
  previews: number
  /** The longest time that a tile in view, or a part of the view, showed neither placeholder nor picture. */
  blank: number
  /** The longest time between two frames, and between those of the drag before the release. */
  longestFrame: number
  dragFrame: number
  /** Number of the first generation in view, as its prompt says. */
  number: number
  tiles: number
}

/** A probe that has seen nothing by then ends the benchmark, in ms. */
const PROBE_TIMEOUT_MS = 20_000
/** A larger space between rows than any that is laid out, in CSS pixels. */
const LARGEST_GAP = 120

/**
 * The probe of the page: `armScrub()` waits for the release of the pointer and then looks at every frame; `scrubbed` is what it saw. Its
 * times are of the moment after the frame was painted, and pictures count once they are decoded.
 */
export const PROBE_SCRIPT = `
window.inView = ({ top, bottom }) => {
  const composer = document.querySelector('.composer')?.getBoundingClientRect().top ?? innerHeight
  return bottom > 64 && top < composer
}
window.rowsInView = () => [...document.querySelectorAll('article')].filter(row => inView(row.getBoundingClientRect()))
window.hasHole = rows => {
  const edges = rows.map(row => row.getBoundingClientRect()).sort((a, b) => a.top - b.top)
  let reached = 64
  for (const { top, bottom } of edges) {
    if (top - reached > ${LARGEST_GAP}) return true
    reached = Math.max(reached, bottom)
  }
  return document.querySelector('.composer').getBoundingClientRect().top - reached > ${LARGEST_GAP}
}
window.decoded = new WeakSet()
window.isPicture = tile => {
  const image = tile.querySelector('img')
  if (!image?.complete || image.naturalWidth === 0) return false
  if (!decoded.has(image)) image.decode().then(() => decoded.add(image), () => {})
  return decoded.has(image)
}
window.lookAtView = () => {
  const rows = rowsInView()
  const tiles = rows.flatMap(row => [...row.querySelectorAll('.tile')])
    .filter(tile => inView(tile.getBoundingClientRect()) && tile.dataset.state === 'stored')
  const blank = tiles.filter(tile => tile.style.backgroundImage === '' && !isPicture(tile))
  return { rows, tiles, blank: hasHole(rows) ? [document.body, ...blank] : blank }
}
window.armScrub = () => {
  const before = new Set(rowsInView().map(row => row.dataset.key))
  performance.clearResourceTimings()
  const { promise, resolve, reject } = Promise.withResolvers()
  window.scrubbed = promise
  setTimeout(() => reject(new Error('the month was not shown')), ${PROBE_TIMEOUT_MS})
  const endDrag = watchDrag()
  addEventListener('pointerup', ({ timeStamp: released }) => {
    const blankSince = new Map()
    const seen = { blank: 0, longestFrame: 0, dragFrame: endDrag() }
    let last = released
    const look = () => {
      const { rows, tiles, blank } = lookAtView()
      const isMoved = tiles.length > 0 && rows.every(row => !before.has(row.dataset.key))
      const isWhole = isMoved && tiles.every(isPicture)
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        const now = performance.now()
        for (const [tile, since] of blankSince) {
          seen.blank = Math.max(seen.blank, now - since)
          if (!blank.includes(tile)) blankSince.delete(tile)
        }
        for (const tile of blank) if (!blankSince.has(tile)) blankSince.set(tile, now)
        seen.longestFrame = Math.max(seen.longestFrame, now - last)
        last = now
        if (isMoved && blank.length === 0) seen.placeholders ??= now - released
        if (!isWhole) return requestAnimationFrame(look)
        const number = Math.min(...rows.map(row => Number(/No\\. (\\d+)/.exec(row.textContent)[1])))
        resolve({ ...seen, ...timeRequest(released), previews: now - released, number, tiles: tiles.length })
      }
      port2.postMessage(null)
    }
    requestAnimationFrame(look)
  }, { once: true, capture: true })
}
window.watchDrag = () => {
  let longest = 0, isEnded = false
  addEventListener('pointerdown', ({ timeStamp }) => {
    let last = timeStamp
    const look = now => {
      longest = Math.max(longest, now - last)
      last = now
      if (!isEnded) requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }, { once: true, capture: true })
  return () => {
    isEnded = true
    return longest
  }
}
window.timeRequest = released => {
  const pages = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/generations?') && name.includes('at='))
  const page = pages.filter(({ startTime }) => startTime < performance.now()).at(-1)
  return { requested: page ? page.startTime - released : 0, received: page ? page.responseEnd - released : 0 }
}
0`
