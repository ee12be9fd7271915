import type { Timeline } from '@darkroom/contracts/timeline'
import { type Accessor, createSignal, onCleanup, onMount } from 'solid-js'
import type { Api } from '../../api.ts'
import type { Library } from '../../store/generation-store.ts'

export interface TimelineOptions {
  api: Api
  library: Library
}

const NOTHING: Timeline = { days: [] }
/** What is new changes the counts of days too little for reading them more often than this. */
const FRESH_MS = 60_000

/** How many generations there are of each day, as of about a minute ago. */
export function createTimeline({ api, library }: TimelineOptions): Accessor<Timeline> {
  const [timeline, setTimeline] = createSignal(NOTHING)
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  let readAt = Number.NEGATIVE_INFINITY

  async function read() {
    readAt = performance.now()
    try {
      setTimeline(await api.timeline(timeZone))
    } catch {
      // The next change tries again; the feed does without meanwhile.
      readAt = Number.NEGATIVE_INFINITY
    }
  }

  onMount(() => {
    const stop = library.subscribe(now => {
      if (now.rows.length > 0 && performance.now() - readAt > FRESH_MS) void read()
    })
    onCleanup(stop)
  })
  return timeline
}
