import type { Timeline } from '@darkroom/contracts/timeline'
import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import type { Api } from '../../api.ts'
import type { GenerationStore } from '../../store/generation-store.ts'

export interface TimelineOptions {
  api: Api
  store: GenerationStore
}

const EMPTY_TIMELINE: Timeline = { days: [] }
/** What is new changes the counts of days too little for reading them more often than this. */
const MAX_AGE_MS = 60_000

/** How many generations there are of each day, as of about a minute ago. */
export function createTimeline({ api, store }: TimelineOptions): Accessor<Timeline> {
  const [timeline, setTimeline] = createSignal(EMPTY_TIMELINE)
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  let readAt = Number.NEGATIVE_INFINITY

  async function load() {
    readAt = performance.now()
    try {
      setTimeline(await api.fetchTimeline(timeZone))
    } catch {
      // The next change tries again; the feed does without meanwhile.
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
