import type { Timeline } from '@darkroom/contracts/history/timeline'
import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import type { WindowListener } from '../../store/window-state.ts'

export interface TimelineOptions {
  api: { fetchTimeline: (timeZone: string) => Promise<Timeline> }
  store: { subscribe: (listener: WindowListener) => () => void }
}

const EMPTY_TIMELINE: Timeline = { days: [] }
/** The counts are not read again before this age: new generations hardly change the scale. */
const MAX_AGE_MS = 60_000

/** Creates the numbers of generations of each day, as of about a minute ago. */
export function createTimeline({ api, store }: TimelineOptions): Accessor<Timeline> {
  const [timeline, setTimeline] = createSignal(EMPTY_TIMELINE)
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  let readAt = Number.NEGATIVE_INFINITY

  async function load() {
    readAt = performance.now()
    try {
      setTimeline(await api.fetchTimeline(timeZone))
    } catch {
      // The next change of the window tries again; until then the feed has no scrubber.
      readAt = Number.NEGATIVE_INFINITY
    }
  }

  onMount(() => {
    const stop = store.subscribe(now => {
      if (now.rows.length > 0 && performance.now() - readAt > MAX_AGE_MS) void load()
    })
    onCleanup(stop)
  })
  return timeline
}
