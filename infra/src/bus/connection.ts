import type { Service } from '@darkroom/contracts/routes'
import { type ConnectionOptions, connect, type JetStreamClient, type JetStreamManager, type NatsConnection } from 'nats'
import type { Activity } from '../database/activity.ts'
import type { Log } from '../log.ts'
import { retry } from '../runtime/retry.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import { inboxPrefix } from './permissions.ts'
import { pingServer } from './ping.ts'

/** A connection to NATS that reconnects by itself, with its JetStream clients. */
export interface BusConnection {
  nats: NatsConnection
  jetstream: JetStreamClient
  manager: JetStreamManager
  /** Whether the server responds to pings. An empty pull does not show it: it looks the same without work and without a server. */
  isConnected(): boolean
}

export interface BusOptions {
  /** The server's URL; may contain a user and a password. */
  url: string
  /** Name of the connection in the server's log. */
  name: string
  /** Service whose inboxes are used, the only ones that its user may read. Absent: those of a user without restrictions. */
  service?: Service
  /** Absent: the server is pinged as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  log: Log
}

const SECOND = 1_000
const REQUEST_TIMEOUT_MS = 2_000
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
    if (failures % LOG_EVERY === 1) options.log.warn({ err, server: new URL(options.url).host }, 'bus_unreachable')
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
  const connection = await connect(connectionOptions(options))
  const status = trackStatus(connection, log, onReconnect)
  const closed = new AbortController()
  void connection.closed().then(() => closed.abort())
  void pingServer(connection, { activity, ...status, signal: closed.signal })
  try {
    const manager = await connection.jetstreamManager({ timeout: 5 * SECOND })
    return { nats: connection, jetstream: connection.jetstream({ timeout: REQUEST_TIMEOUT_MS }), manager, ...status }
  } catch (error) {
    await connection.close()
    throw error
  }
}

function connectionOptions({ url, name, service }: Pick<BusOptions, 'url' | 'name' | 'service'>): ConnectionOptions {
  const { host, username, password, protocol } = new URL(url)
  return {
    servers: host,
    name,
    ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    ...(service ? { inboxPrefix: inboxPrefix(service) } : {}),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // Only in case that `pingServer` does not notice a server that is frozen.
    pingInterval: 30 * SECOND,
    maxPingOut: 2,
    timeout: 5 * SECOND,
  }
}

function trackStatus(connection: NatsConnection, log: Log, onReconnect: () => void): { isConnected: () => boolean } {
  let state: 'up' | 'down' = 'up'
  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') state = 'down'
      if (status.type === 'reconnect') state = 'up'
      if (status.type === 'reconnect') onReconnect()
      if (status.type !== 'pingTimer') log.info({ status: status.type, server: connection.getServer() }, 'bus_status')
    }
    state = 'down'
  }
  void watch()
  return { isConnected: () => state === 'up' }
}
