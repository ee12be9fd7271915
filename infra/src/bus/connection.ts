import type { Service } from '@darkroom/contracts/routes'
import { type ConnectionOptions, connect, type JetStreamClient, type JetStreamManager, type NatsConnection } from 'nats'
import type { Activity } from '../database/activity.ts'
import type { Log } from '../log.ts'
import { retry } from '../runtime/retry.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import { type BusAccess, toAccessOptions } from './access.ts'
import { listBusHosts, splitBusUrls } from './bus-urls.ts'
import { inboxPrefix } from './permissions.ts'
import { pingServer } from './ping.ts'
import { reconnectToNext } from './reconnect.ts'

/** A connection to NATS that reconnects by itself, with its JetStream clients. */
export interface BusConnection {
  nats: NatsConnection
  jetstream: JetStreamClient
  manager: JetStreamManager
  /** Whether the server responds to pings. An empty pull does not show it: it looks the same without work and without a server. */
  isConnected(): boolean
  /** Connects to the next server of the list. Does nothing where there is one. */
  moveToOtherServer(): Promise<void>
}

export interface BusOptions extends BusAccess {
  /** Name of the connection in the server's log. */
  name: string
  /** Service whose inboxes are used, the only ones that its user may read. Absent: those of a user without restrictions. */
  service?: Service
  /** Absent: the server is pinged as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  /** Servers that each stream is stored on; 1 unless given. */
  replicas?: number
  log: Log
}

const SECOND = 1_000
const REQUEST_TIMEOUT_MS = 2_000
/** Times in which a server answers, in ms. Where there are others, one that is silent is left sooner. */
const ANSWER_MS = { alone: { dial: 5_000, pong: 4_000 }, ofCluster: { dial: 2_000, pong: 2_000 } }
/** A failure is logged once, and then about once a minute. */
const LOG_EVERY = 240

/**
 * Connects, and retries until it succeeds.
 *
 * @param onReconnect called whenever the connection is there again
 * @returns undefined if the signal is aborted before
 */
export async function openBusConnection(
  options: BusOptions,
  signal: AbortSignal,
  onReconnect: () => void,
): Promise<BusConnection | undefined> {
  const onRetry = (err: unknown, failures: number) => {
    if (failures % LOG_EVERY === 1) options.log.warn({ err, server: listBusHosts(options.url) }, 'bus_unreachable')
  }
  try {
    const opened = await retry(() => connectOnce(options, onReconnect), {
      policy: RETRY_POLICIES.busConnect,
      signal,
      onRetry,
    })
    if (!signal.aborted) return opened
    await opened.nats.close()
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return undefined
}

async function connectOnce({ activity, log, ...options }: BusOptions, onReconnect: () => void): Promise<BusConnection> {
  const isCluster = splitBusUrls(options.url).length > 1
  const answerMs = isCluster ? ANSWER_MS.ofCluster : ANSWER_MS.alone
  const connection = await connect({ ...connectionOptions(options), timeout: answerMs.dial })
  const status = trackStatus(connection, log, onReconnect)
  const closed = new AbortController()
  void connection.closed().then(() => closed.abort())
  const pinged = { flush: () => connection.flush(), reconnect: () => reconnectToNext(connection) }
  void pingServer(pinged, { activity, ...status, signal: closed.signal, pongTimeoutMs: answerMs.pong })
  try {
    const manager = await connection.jetstreamManager({ timeout: 5 * SECOND })
    const jetstream = connection.jetstream({ timeout: REQUEST_TIMEOUT_MS })
    const moveToOtherServer = async () => {
      if (!isCluster || !status.isConnected()) return
      log.warn({ server: connection.getServer() }, 'bus_server_does_not_answer')
      await reconnectToNext(connection).catch(() => {})
    }
    return { nats: connection, jetstream, manager, moveToOtherServer, ...status }
  } catch (error) {
    await connection.close()
    throw error
  }
}

function connectionOptions({
  name,
  service,
  ...access
}: BusAccess & Pick<BusOptions, 'name' | 'service'>): ConnectionOptions {
  return {
    ...toAccessOptions(access),
    name,
    ...(service ? { inboxPrefix: inboxPrefix(service) } : {}),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // Only in case that `pingServer` does not notice a server that is frozen.
    pingInterval: 30 * SECOND,
    maxPingOut: 2,
  }
}

function trackStatus(connection: NatsConnection, log: Log, onReconnect: () => void): { isConnected: () => boolean } {
  let state: 'up' | 'down' = 'up'
  const report = (status: string) => log.info({ status, server: connection.getServer() }, 'bus_status')
  report('connect')
  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') state = 'down'
      if (status.type === 'reconnect') state = 'up'
      if (status.type === 'reconnect') onReconnect()
      if (status.type !== 'pingTimer') report(status.type)
    }
    state = 'down'
  }
  void watch()
  return { isConnected: () => state === 'up' }
}
