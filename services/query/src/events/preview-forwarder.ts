import { LivePreview } from '@darkroom/contracts/events'
import { audienceSubject, LIVE_PREVIEW_SUBJECTS, parseTransientWorkspaceId } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Activity } from '@darkroom/infra/database/activity'
import { sleep } from '@darkroom/infra/runtime/timers'
import type { Channels } from './channels.ts'
import { createPreviewEvent } from './event.ts'

export interface PreviewForwarderDeps {
  bus: Pick<Bus, 'publishTransient' | 'subscribeTransient'>
  channels: Pick<Channels, 'offer' | 'hasSubscribers' | 'listWorkspaces'>
  /** Absent: heartbeats are as frequent in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  signal: AbortSignal
}

/** Forwards the previews of outputs that are being made to those who watch. */
export interface PreviewForwarder {
  /** Publishes at once that somebody watches a workspace, where the next heartbeat would come later. */
  announce(workspaceId: string): void
  /** Publishes heartbeats of all watched workspaces until the signal is aborted. It never throws. */
  run(): Promise<void>
}

/** Processors take somebody to watch for some times as long, and longer than the pause in a quiet studio. */
const HEARTBEAT_MS = 5_000

/**
 * Creates a forwarder. Processors make previews only of workspaces that are watched, so these are told by heartbeats. Nothing of it is
 * stored: a preview reaches the streams that are open, and have nothing else to send.
 */
export function createPreviewForwarder(deps: PreviewForwarderDeps): PreviewForwarder {
  const { bus, channels, activity, signal } = deps
  const wait = activity?.wait ?? sleep
  const forward = ({ subject, data }: { subject: string; data: unknown }) => {
    const workspaceId = parseTransientWorkspaceId(subject)
    if (workspaceId === undefined || !channels.hasSubscribers(workspaceId)) return
    const preview = LivePreview.safeParse(data)
    if (preview.success) channels.offer(workspaceId, createPreviewEvent(preview.data))
  }
  const announce = async (workspaceId: string) => await bus.publishTransient(audienceSubject(workspaceId))
  const announceAll = async () => {
    for (const workspaceId of channels.listWorkspaces()) await announce(workspaceId)
  }
  return {
    // A heartbeat that is lost is followed by the next one.
    announce: workspaceId => void announce(workspaceId).catch(() => {}),
    run: async () => {
      void bus.subscribeTransient(LIVE_PREVIEW_SUBJECTS, forward, signal)
      while (!signal.aborted) {
        await announceAll().catch(() => {})
        await wait(HEARTBEAT_MS, signal)
      }
    },
  }
}
