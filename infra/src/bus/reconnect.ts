import type { NatsConnection } from 'nats'

/** The driver's list of servers, which its types do not have. The first of them is the next that it dials. */
interface ServerList {
  length(): number
  next(): unknown
  getCurrentServer(): unknown
  selectServer(): unknown
}

/**
 * Connects anew, to the next server of the list. After its first connection the driver would dial the same server again, and wait for it
 * if it is frozen or its network swallows packets.
 */
export async function reconnectToNext(connection: NatsConnection): Promise<void> {
  const servers = (connection as { protocol?: { servers?: ServerList } }).protocol?.servers
  if (servers && servers.length() > 1 && servers.next() === servers.getCurrentServer()) servers.selectServer()
  await connection.reconnect()
}
