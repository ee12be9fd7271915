import type { Log } from '../log.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import { runForever } from '../runtime/run-forever.ts'
import { sleep, withDeadline } from '../runtime/timers.ts'
import { type Database, isPooled, type Listener, openListener } from './connection.ts'
import { OUTBOX_CHANNEL } from './outbox-channel.ts'

/**
 * Whether anything happens in the studio. Every change of it writes a message into the outbox, and every process is notified of that.
 * Loops that look for work poll often while there are notifications, and rarely while there are none.
 */
export interface Activity {
  /** Whether there was no notification for a minute, although notifications arrive. */
  isQuiet(): boolean
  /** Waits `ms`. While the studio is quiet it waits longer: for the next notification, or about 20 s. Never throws. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /**
   * Calls back at each notification, and when the connection listens again: notifications may have been lost until then.
   *
   * @returns a function that ends it
   */
  subscribe(onNotification: () => void): () => void
  /** Reports work that was not notified. The studio does not count as quiet for some minutes then. */
  reportMissed(): void
  /** Resolves when the signal is aborted and the connection is closed. */
  closed: Promise<void>
}

export interface ActivityOptions {
  /** Pool that a trial notification is sent through. */
  database: Database
  url: string
  /** Host and port of the database itself, for the case that there is a pooler at `url`. Absent: notifications are not received then. */
  listenHost?: string | undefined
  /** Application name of the connection. */
  name: string
  /** Called each time that a loop waits first in a studio that has become quiet. */
  onQuiet?: () => void
  log: Log
  signal: AbortSignal
  /** Time without a notification after which the studio is quiet, in ms; a minute unless given. */
  quietAfterMs?: number
  /** Time between two checks that the connection still responds, in ms. */
  checkMs?: number
}

const QUIET_AFTER_MS = 60_000
const QUIET_POLL_MS = 20_000
const CHECK_MS = 15_000
const RESPONSE_TIMEOUT_MS = 2_000
const DISTRUST_MS = 600_000
/** The longest delay of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Follows the activity of the studio until the signal is aborted. While it cannot, the studio does not count as quiet. */
export function followActivity(options: ActivityOptions): Activity {
  const { log, signal, quietAfterMs = QUIET_AFTER_MS } = options
  const subscribers = new Set<() => void>()
  let isListening = false
  let quietFrom = Number.POSITIVE_INFINITY
  let changed = Promise.withResolvers<void>()
  let reported: 'busy' | 'quiet' = 'busy'

  const wake = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const notify = () => {
    reported = 'busy'
    quietFrom = Math.max(quietFrom, performance.now() + quietAfterMs)
    wake()
    for (const onNotification of subscribers) onNotification()
  }
  const setListening = (listening: boolean) => {
    isListening = listening
    if (!listening) return wake()
    quietFrom = performance.now() + quietAfterMs
    notify()
  }
  const isQuiet = () => isListening && performance.now() > quietFrom
  const loop = { name: 'activity_listener', policy: RETRY_POLICIES.subscription, log, signal }
  return {
    isQuiet,
    wait: async (ms, waitSignal) => {
      if (!isQuiet()) return await sleep(ms, waitSignal)
      if (reported === 'busy') options.onQuiet?.()
      reported = 'quiet'
      const timeout = new AbortController()
      const pause = QUIET_POLL_MS * (0.75 + Math.random() / 2)
      await Promise.race([changed.promise, sleep(pause, AbortSignal.any([waitSignal, timeout.signal]))])
      timeout.abort()
    },
    subscribe: onNotification => {
      subscribers.add(onNotification)
      return () => void subscribers.delete(onNotification)
    },
    reportMissed: () => {
      quietFrom = performance.now() + DISTRUST_MS
      log.info({ channel: OUTBOX_CHANNEL }, 'notification_missed')
    },
    closed: runForever(loop, succeeded => listenUntilLost(options, { notify, setListening, succeeded })),
  }
}

interface ListenCallbacks {
  notify(): void
  setListening(isListening: boolean): void
  succeeded(): void
}

/** @throws Error if the connection is lost or does not respond, or if notifications do not arrive */
async function listenUntilLost(options: ActivityOptions, callbacks: ListenCallbacks): Promise<'busy'> {
  const { database, url, listenHost, name, log, signal, checkMs = CHECK_MS } = options
  await respondInTime(Promise.resolve(database`select 1`))
  const isBehindPooler = isPooled(database)
  if (isBehindPooler && !listenHost) {
    // A subscription would belong to a session that others use.
    log.info({ channel: OUTBOX_CHANNEL }, 'outbox_polled_behind_pooler')
    await sleep(MAX_TIMER_MS, signal)
    return 'busy'
  }
  const lost = new AbortController()
  const trial = crypto.randomUUID()
  const arrived = Promise.withResolvers<void>()
  const listener = openListener({
    url: isBehindPooler && listenHost ? replaceHost(url, listenHost) : url,
    name,
    channel: OUTBOX_CHANNEL,
    onNotification: payload => (payload === trial ? arrived.resolve() : callbacks.notify()),
    onClose: () => lost.abort(new Error('the connection for notifications was closed')),
  })
  try {
    await respondInTime(listener.listen())
    await sendTrial(options, trial, arrived.promise)
    callbacks.setListening(true)
    callbacks.succeeded()
    await checkUntilLost(listener, { checkMs, signal: AbortSignal.any([signal, lost.signal]) })
    if (!signal.aborted) lost.signal.throwIfAborted()
    return 'busy'
  } finally {
    callbacks.setListening(false)
    await listener.close()
  }
}

/** @param host with a port */
function replaceHost(url: string, host: string): string {
  return Object.assign(new URL(url), { host }).href
}

/**
 * Sends a notification through the pool. A pooler in front of the database may accept `listen` and deliver nothing.
 *
 * @throws DeadlineError if it does not arrive
 */
async function sendTrial({ database }: ActivityOptions, trial: string, arrived: Promise<void>): Promise<void> {
  await respondInTime(Promise.resolve(database`select pg_notify(${OUTBOX_CHANNEL}, ${trial})`))
  await respondInTime(arrived)
}

/** Repeats `listen`, which changes nothing, but needs a response: a connection that was cut in silence gives none. */
async function checkUntilLost(listener: Listener, options: { checkMs: number; signal: AbortSignal }): Promise<void> {
  for (;;) {
    await sleep(options.checkMs, options.signal)
    if (options.signal.aborted) return
    await respondInTime(listener.listen())
  }
}

async function respondInTime<T>(work: Promise<T>): Promise<T> {
  return await withDeadline(work, { milliseconds: RESPONSE_TIMEOUT_MS, operation: 'a notification of the database' })
}
