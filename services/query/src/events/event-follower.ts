import { GenerationChanged } from '@darkroom/contracts/events'
import { workspaceOf } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { createTeller } from './change-batcher.ts'
import { type Change, createHistory } from './replay-buffer.ts'
import { type BusPlace, type Place, whereTheBusIs } from './stream-position.ts'

export interface FollowDeps {
  database: Database
  bus: Bus
  log: Log
  signal: AbortSignal
  /** Takes changes in order, each generation once. When it has returned they count as told; if it throws they come again. */
  onChanges(changes: readonly Change[], epoch: number): Promise<void>
  /** What happened until this place is not known. */
  onGap(place: Place): void
  /** How often the place of the bus is compared with what has come. */
  watchMs?: number
}

export interface Following {
  /** Up to here everything has been told; null while the bus was never seen. */
  place(): Place | null
  /** What changed in a workspace after a place; undefined if that is not known. */
  since(place: Place, workspaceId: string): Change[] | undefined
  /**
   * Waits until it is known what changed lately, and then for a place that another process may have given, but for that no
   * longer than `milliseconds`.
   */
  reach(place: Place, milliseconds: number, signal: AbortSignal): Promise<void>
  /** Until the signal is aborted. */
  run(): Promise<void>
}

/** Changes remembered, and read again from the bus by a process that begins. */
const HISTORY = 10_000
const WATCH_MS = 2_000
const LOOK_MS = 25

/**
 * Follows the events of the whole studio over one consumer, whatever becomes of the bus: after a break it goes on where it was,
 * and where that is not possible, because the bus begins anew or has forgotten that far, it says so.
 */
export function follow(deps: FollowDeps): Following {
  const history = createHistory(HISTORY)
  let place: Place | null = null
  let known: 'nothing' | 'loading' | 'all' = 'nothing'

  /** The sequence to go on from. */
  const resume = (at: BusPlace): number => {
    const canGoOn =
      place?.epoch === at.epoch && place.sequence <= at.sequence && place.sequence + 1 >= at.first && known === 'all'
    if (place && canGoOn) return place.sequence + 1
    // A stream that never had a message says that its first is 0; the first that it gets is 1.
    const start = Math.max(1, at.first, at.sequence - HISTORY + 1)
    place = { epoch: at.epoch, sequence: at.sequence }
    known = start > at.sequence ? 'all' : 'loading'
    history.begin(start - 1)
    deps.onGap(place)
    return start
  }

  const followOnce = async (signal: AbortSignal, fail: (reason: unknown) => void) => {
    await deps.bus.ensureStreams()
    const at = await whereTheBusIs(deps)
    const start = resume(at)
    const teller = createTeller({
      tell: changes => deps.onChanges(changes, at.epoch),
      onTold: sequence => {
        place = { epoch: at.epoch, sequence }
      },
      // What cannot be told is not passed over: following breaks off, and begins with it again.
      fail,
      signal,
    })
    const received = { sequence: start - 1 }
    void watch(deps, at.epoch, received, signal).catch(fail)
    for await (const notice of deps.bus.notices({ sequence: start }, signal)) {
      received.sequence = notice.sequence
      const change = changeIn(notice)
      if (change) history.add(change)
      if (notice.sequence >= at.sequence) known = 'all'
      if (notice.sequence > (place?.sequence ?? 0)) teller.hear(notice.sequence, change)
    }
  }

  const run = async () => {
    for (let failures = 0; !deps.signal.aborted; failures++) {
      const broken = new AbortController()
      const fail = (reason: unknown) => broken.abort(reason)
      const began = performance.now()
      await followOnce(AbortSignal.any([deps.signal, broken.signal]), fail).catch(fail)
      broken.abort(new Error('the bus broke off'))
      if (deps.signal.aborted) return
      if (performance.now() - began > 10 * WATCH_MS) failures = 0
      deps.log[failures < 3 ? 'info' : 'error']({ err: broken.signal.reason }, 'events broke off')
      await sleep(backoff(Math.min(failures, 5), { base: 100, most: 3_000 }) + 50, deps.signal)
    }
  }

  const since = (from: Place, workspaceId: string) => {
    const isOurs = known === 'all' && place?.epoch === from.epoch && from.sequence <= place.sequence
    return isOurs ? history.since(from.sequence, workspaceId) : undefined
  }
  const reach = async (wanted: Place, milliseconds: number, signal: AbortSignal) => {
    while (known !== 'all' && !signal.aborted) await sleep(LOOK_MS, signal)
    const late = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
    const isBehind = () => place?.epoch === wanted.epoch && place.sequence < wanted.sequence
    while (isBehind() && !late.aborted) await sleep(LOOK_MS, late)
  }
  return { place: () => place, since, reach, run }
}

/**
 * Compares now and then: a consumer that was lost, or stands beyond the end of a stream that began anew, is silent for ever.
 *
 * @throws Error if the bus is elsewhere than what was received
 */
async function watch(
  deps: FollowDeps,
  epoch: number,
  received: { sequence: number },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const before = received.sequence
    await sleep(deps.watchMs ?? WATCH_MS, signal)
    if (signal.aborted) return
    const at = await whereTheBusIs(deps)
    if (at.epoch !== epoch || at.sequence < before) throw new Error('the stream of events began anew')
    if (received.sequence === before && at.sequence > before && (await isSilent(deps, received, before, signal))) {
      throw new Error('the stream of events went on without telling')
    }
  }
}

async function isSilent(deps: FollowDeps, received: { sequence: number }, before: number, signal: AbortSignal) {
  await sleep(deps.watchMs ?? WATCH_MS, signal)
  return received.sequence === before && !signal.aborted
}

function changeIn(notice: { subject: string; sequence: number; data: unknown }): Change | undefined {
  const workspaceId = workspaceOf(notice.subject)
  const message = GenerationChanged.safeParse(notice.data)
  return workspaceId && message.success ? { sequence: notice.sequence, workspaceId, id: message.data.id } : undefined
}
