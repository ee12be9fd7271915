import { AUDIENCE_SUBJECTS, parseTransientWorkspaceId } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import { type Audience, createAudience } from './audience.ts'
import { type CallWatchers, createCallWatchers } from './call-watchers.ts'
import { createPreviewPublisher, type PreviewPublisher, type PreviewPublisherDeps } from './preview-publisher.ts'

/** Previews of the outputs that are being made, while somebody watches. */
export interface LivePreviews
  extends Pick<Audience, 'isWatched'>,
    Pick<PreviewPublisher, 'offer'>,
    Pick<CallWatchers, 'open' | 'endGeneration' | 'count'> {}

export interface LivePreviewsDeps extends Omit<PreviewPublisherDeps, 'audience' | 'now'> {
  bus: Pick<Bus, 'publishTransient' | 'subscribeTransient'>
}

const REFRESH_MS = 2_000

/** Follows who watches, until the signal is aborted. */
export function createLivePreviews(deps: LivePreviewsDeps): LivePreviews {
  const { bus, signal } = deps
  const audience = createAudience()
  const publisher = createPreviewPublisher({ ...deps, audience })
  const watchers = createCallWatchers({ audience, publisher, signal })
  const onHeartbeat = ({ subject }: { subject: string }) => {
    const workspaceId = parseTransientWorkspaceId(subject)
    if (workspaceId === undefined) return
    const isNew = !audience.isWatched(workspaceId)
    audience.add(workspaceId)
    if (isNew) watchers.refresh()
  }
  void bus.subscribeTransient(AUDIENCE_SUBJECTS, onHeartbeat, signal)
  let timer: Timer | undefined
  const refresh = () => {
    watchers.refresh()
    if (!signal.aborted && !watchers.isEmpty()) return
    clearInterval(timer)
    timer = undefined
  }
  signal.addEventListener('abort', refresh, { once: true })
  /** A process without open calls has nothing to wake up for. */
  const open: CallWatchers['open'] = call => {
    if (!signal.aborted) timer ??= setInterval(refresh, REFRESH_MS)
    return watchers.open(call)
  }
  return { ...watchers, open, isWatched: audience.isWatched, offer: publisher.offer }
}
