import { type ConnectionOptions, connect, type JetStreamClient, type JetStreamManager, type NatsConnection } from 'nats'
import type { Log } from '../log.ts'
import { sleep } from '../runtime/timers.ts'

/** A connection to NATS that comes back by itself, and what can be asked over it. */
export interface BusConnection {
  nats: NatsConnection
  jetstream: JetStreamClient
  manager: JetStreamManager
  /** An empty pull looks the same whether there is no work or no server; this does not. */
  isConnected(): boolean
}

export interface BusOptions {
  /** May carry user and password. */
  url: string
  /** Shows in the server's monitoring. */
  name: string
  log: Log
}

const SECOND = 1_000
const REQUEST_TIMEOUT_MS = 2_000
const RETRY_MS = 250

/** Connects, trying until it succeeds. @returns undefined if the signal was aborted before */
export async function openBusConnection(options: BusOptions, signal: AbortSignal): Promise<BusConnection | undefined> {
  for (let failures = 0; !signal.aborted; failures++) {
    const opened = await connectOnce(options).catch(err => {
      // Once, and then every minute or so.
      if (failures % 240 === 0) options.log.warn({ err }, 'the bus cannot be reached')
      return undefined
    })
    if (opened && !signal.aborted) return opened
    await opened?.nats.close()
    await sleep(RETRY_MS, signal)
  }
  return undefined
}

async function connectOnce({ url, name, log }: BusOptions): Promise<BusConnection> {
  const connection = await connect(connectionOptions(url, name))
  const status = trackStatus(connection, log)
  try {
    const manager = await connection.jetstreamManager({ timeout: 5 * SECOND })
    return { nats: connection, jetstream: connection.jetstream({ timeout: REQUEST_TIMEOUT_MS }), manager, ...status }
  } catch (error) {
    await connection.close()
    throw error
  }
}

function connectionOptions(url: string, name: string): ConnectionOptions {
  const { host, username, password, protocol } = new URL(url)
  return {
    servers: host,
    name,
    ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // The defaults notice a frozen server after four minutes.
    pingInterval: 2 * SECOND,
    maxPingOut: 2,
    timeout: 5 * SECOND,
  }
}

function trackStatus(connection: NatsConnection, log: Log): { isConnected: () => boolean } {
  let state: 'up' | 'down' = 'up'
  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') state = 'down'
      if (status.type === 'reconnect') state = 'up'
      if (status.type !== 'pingTimer') log.info({ status: status.type }, 'bus')
    }
    state = 'down'
  }
  void watch()
  return { isConnected: () => state === 'up' }
}
