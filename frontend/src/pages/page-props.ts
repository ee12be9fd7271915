import type { Model } from '@darkroom/contracts/model'
import type { ConnectionEvents } from '../live/connection-events.ts'
import type { Clock } from '../ui/clock.ts'
import type { Notices } from '../ui/notices.ts'

/** The part of the studio that the pages use. */
export interface PageStudio {
  connectionEvents: ConnectionEvents
  clock: Clock
  notices: Notices
  /** Returns the offered models, by id. */
  modelsById: () => ReadonlyMap<string, Model>
}

/** Properties of every page: the rest of its address, the studio, and the way back to the feed. */
export interface PageProps {
  rest: string
  studio: PageStudio
  onLeave: () => void
}
