import type { Timeline } from '@darkroom/contracts/history/timeline'
import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import { isPlain, type ListParameters, type ListQuery, toListParameters } from '../../library/list-query.ts'
import type { WindowListener } from '../../store/window-state.ts'

export interface TimelineOptions {
  api: { fetchTimeline: (timeZone: string, filters: ListParameters) => Promise<Timeline> }
  store: { subscribe: (listener: WindowListener) => () => void }
}

const EMPTY_TIMELINE: Timeline = { days: [] }
/** The counts are not read again before this age: new generations hardly change the scale. */
const MAX_AGE_MS = 60_000
const RETRY_DELAY_MS = 2_000

/** The days of the list that is shown. */
export interface ListTimeline {
  timeline: Accessor<Timeline>
  /** Number of all generations, as of the last time that the plain feed was shown. */
  total: Accessor<number>
}

/** Creates the numbers of generations of each day of the list that is shown, as of about a minute ago. */
export function createTimeline({ api, store }: TimelineOptions): ListTimeline {
  const [timeline, setTimeline] = createSignal(EMPTY_TIMELINE)
  const [total, setTotal] = createSignal(0)
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  let readAt = Number.NEGATIVE_INFINITY
  let query: ListQuery | undefined

  async function load(wanted: ListQuery) {
    readAt = performance.now()
    query = wanted
    try {
      const read = await api.fetchTimeline(timeZone, toListParameters(wanted))
      if (query !== wanted) return
      setTimeline(read)
      if (isPlain(wanted)) setTotal(read.days.reduce((sum, { count }) => sum + count, 0))
    } catch {
      // Read again with a change of the window after a moment; until then the feed has no scrubber.
      readAt = performance.now() - MAX_AGE_MS + RETRY_DELAY_MS
    }
  }

  onMount(() => {
    const stop = store.subscribe(now => {
      const isOther = query !== undefined && now.query !== query
      if (isOther) setTimeline(EMPTY_TIMELINE)
      if (isOther || (now.rows.length > 0 && performance.now() - readAt > MAX_AGE_MS)) void load(now.query)
    })
    onCleanup(stop)
  })
  return { timeline, total }
}
