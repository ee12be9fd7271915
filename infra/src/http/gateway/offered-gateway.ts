import type { Log } from '../../log.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { type ToLauncher, ToQuery } from './gateway-messages.ts'

/** The channel of a process to its parent, as `process` has it. */
export interface ParentChannel {
  send?: ((message: string) => unknown) | undefined
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/**
 * Offers the launcher that this process answers at the studio's address itself, and opens a gateway there when it is told to. Does nothing in
 * a process that no launcher has started.
 *
 * @returns a function that closes the gateway with its connections
 */
export function offerGateway(options: {
  channel: ParentChannel
  gateway: Omit<GatewayOptions, 'port' | 'host' | 'maxRequests' | 'isShared'>
  log: Log
}): () => Promise<void> {
  const { channel, log } = options
  let gateway: Gateway | undefined
  const send = (message: ToLauncher) => {
    try {
      channel.send?.(message)
    } catch {
      // The launcher is gone.
    }
  }
  const open = (address: Pick<GatewayOptions, 'port' | 'host'> & { maxRequests: number }) => {
    try {
      gateway ??= startGateway({ ...options.gateway, ...address, isShared: true })
      send('gateway-open')
    } catch (err) {
      log.warn({ err }, 'gateway_not_opened')
      send('gateway-failed')
    }
  }
  channel.on('message', value => {
    const { data } = ToQuery.safeParse(value)
    if (data?.message === 'open') open(data)
    if (data?.message === 'refuse-changes') gateway?.refuseChanges()
    if (data?.message === 'stop-listening') gateway?.stopListening()
  })
  send('gateway-offered')
  return async () => {
    if (!gateway) return
    gateway.stopListening()
    send('gateway-closed')
    await gateway.closeConnections()
  }
}
