import type { AnswerRecord } from '../fake-provider/request-log.ts'
import type { FaultPeriod } from '../net-proxy.ts'
import type { ProcessLife } from '../studio/fault-service.ts'
import type { ClientLog } from './client-log.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

/** Observations that no service made, by which the end of each call is explained. Times are in ms since 1970. */
export interface CallContext {
  answers: readonly AnswerRecord[]
  /** Faults of the network between the processors and the provider. */
  faultPeriods: readonly FaultPeriod[]
  lives: readonly ProcessLife[]
  log: Pick<ClientLog, 'stopRequests'>
}

/** A kill this long after the end of an answer may still have met it on its way to the disk, on a machine with much else to do. */
const ARRIVAL_MS = 2_500
/** A reset of the network this long before or after an exchange may have met it. */
const NETWORK_MS = 500
/** A call is sent this long after its note, at most. */
const SEND_MS = 5_000
/** Statuses by which a provider refuses: no work was begun. */
const REFUSAL = /^status (4\d\d|503)$/
const RESETS: readonly FaultPeriod['kind'][] = ['reset', 'cut', 'lost-response']

/** Returns whether the provider itself left open whether the work was begun. */
export function isAmbiguous({ fault }: AnswerRecord): boolean {
  return fault !== null && !REFUSAL.test(fault)
}

/** Returns whether an exchange was under way while the network to the provider was reset. */
export function wasReset({ faultPeriods }: CallContext, from: number, until: number): boolean {
  return faultPeriods.some(
    period => RESETS.includes(period.kind) && period.from - NETWORK_MS <= until && period.until + NETWORK_MS >= from,
  )
}

/**
 * Returns whether the network to the provider delayed a call on its way. It delivers one when its sender may have given up.
 *
 * @param from time at which the call was noted
 * @param receivedAt time at which the provider received it, if it did
 */
export function wasDelayed({ faultPeriods }: CallContext, from: number, receivedAt = from + SEND_MS): boolean {
  return faultPeriods.some(
    period => period.kind === 'black-hole' && period.from <= receivedAt && period.until + NETWORK_MS >= from,
  )
}

/** Returns the time at which the last byte of an answer had reached its process; infinity if it never did. */
export function arrivedAt({ faultPeriods }: CallContext, { endedAt }: AnswerRecord): number {
  if (endedAt === null) return Number.POSITIVE_INFINITY
  const delayed = faultPeriods.filter(
    ({ kind, from, until }) => kind === 'black-hole' && from - NETWORK_MS <= endedAt && until >= endedAt,
  )
  return Math.max(endedAt, ...delayed.map(({ until }) => until + NETWORK_MS))
}

/** Returns whether the process that made a call was killed, or gave up at a second signal, before its answer was on the disk. */
export function wasKilledBefore(context: CallContext, answer: AnswerRecord): boolean {
  // A busy provider reads a request some time after it was sent, by when its sender may have been killed.
  const life = context.lives.find(
    ({ providerHost, startedAt, endedAt }) =>
      providerHost === answer.host &&
      startedAt <= answer.receivedAt &&
      (endedAt ?? answer.receivedAt) >= answer.receivedAt - NETWORK_MS,
  )
  const killedAt = life && killTime(life)
  return killedAt !== undefined && killedAt <= arrivedAt(context, answer) + ARRIVAL_MS
}

/** Returns whether a processor was killed within this time. */
export function wasAnyKilled({ lives }: CallContext, from: number, until: number): boolean {
  return lives.some(life => {
    const at = life.service === 'processor' ? killTime(life) : undefined
    return at !== undefined && at >= from && at <= until
  })
}

/** Returns when a process was killed, or gave up at a second stop signal; undefined if it was not. */
export function killTime({ exit, endedAt, signals }: ProcessLife): number | undefined {
  const sent = (...names: NodeJS.Signals[]) => signals.filter(({ name }) => names.includes(name)).map(({ at }) => at)
  // Its end is noticed some time after the signal that killed it. One that kills itself at a failpoint is sent none.
  const killedAt = exit === 'SIGKILL' ? (sent('SIGKILL')[0] ?? endedAt) : null
  const times = [killedAt, sent('SIGTERM', 'SIGINT')[1] ?? null].filter(at => at !== null)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Returns whether a user stopped a generation after this time, and it was cancelled. */
export function wasStoppedAfter(
  context: CallContext,
  generation: GenerationSnapshot | undefined,
  from: number,
): boolean {
  if (!generation || !context.log.stopRequests.has(generation.id)) return false
  return generation.happened.some(({ to, at }) => to === 'cancelled' && Date.parse(at) >= from - ARRIVAL_MS)
}
