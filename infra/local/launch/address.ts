import { type Gateway, type GatewayOptions, startGateway, type Upstreams } from '../../src/http/gateway/gateway.ts'
import { ToLauncher, type ToQuery } from '../../src/http/gateway/gateway-messages.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { isPortFree } from '../process/free-ports.ts'
import { StartError } from '../process/server-process.ts'
import { waitUntil } from '../process/wait-until.ts'

/**
 * The studio's one address. Query answers there itself, so that nothing is between a browser and what it requests most. While no query
 * process does, the launcher has a gateway there, which says so and forwards the rest to ingest.
 */
export interface Address extends Omit<Gateway, 'port'> {
  /**
   * Opens the address.
   *
   * @throws StartError if the port is taken; the signal's reason when it is aborted
   */
  open(upstreams: Upstreams, signal: AbortSignal): Promise<void>
  /** Lets a query process answer there as soon as it offers that, until it ends. */
  addQuery(child: ChildProcess): void
}

type AddressOptions = Omit<GatewayOptions, 'upstreams' | 'isShared'> & { maxRequests: number }

/** State of the address: answered by nobody yet, by the launcher, or by a query process. */
type Holder = { name: 'nobody' } | { name: 'launcher'; gateway: Gateway } | { name: 'query'; child: ChildProcess }

const NOBODY: Holder = { name: 'nobody' }
const OPEN_TIMEOUT_MS = 5_000
/** Time in which a query process that offers to answer does, in ms. */
const OFFER_TIMEOUT_MS = 2_000
const RETRY_MS = 20

/** Creates the address. It is closed until `open` is called. */
export function createAddress(options: AddressOptions): Address {
  const { port, host, maxRequests } = options
  const gateways = new Set<Gateway>()
  let upstreams: Upstreams | undefined
  let offering: ChildProcess | undefined
  let holder: Holder = NOBODY
  let state: 'open' | 'refusing' | 'closed' = 'open'

  /** Opens a gateway here, as soon as the port is free: it could be shared with another studio of the same user. */
  const openGateway = async (): Promise<void> => {
    const isFree = await isPortFree(port, host)
    if (!upstreams || state === 'closed' || holder.name !== 'nobody') return
    try {
      if (!isFree) throw new Error('The port is taken.')
      const gateway = startGateway({ ...options, upstreams, isShared: true })
      if (state === 'refusing') gateway.refuseChanges()
      gateways.add(gateway)
      holder = { name: 'launcher', gateway }
    } catch {
      setTimeout(openGateway, RETRY_MS).unref()
    }
  }
  /** Gives the address to the query process that offers to answer there. Vite answers for the interface where there is one. */
  const assign = () => {
    if (!upstreams || state === 'closed') return
    if (!offering || upstreams.ui) return void openGateway()
    offering.send({ message: 'open', port, host, maxRequests } satisfies ToQuery)
    // It may be too busy to answer, or have ended.
    setTimeout(openGateway, OFFER_TIMEOUT_MS).unref()
  }
  const lose = (child: ChildProcess) => {
    if (offering === child) offering = undefined
    if (holder.name === 'query' && holder.child === child) holder = NOBODY
    void openGateway()
  }
  const receive: Record<ToLauncher, (child: ChildProcess) => void> = {
    'gateway-offered': child => {
      offering = child
      assign()
    },
    'gateway-open': child => {
      if (holder.name === 'launcher') holder.gateway.stopListening()
      holder = { name: 'query', child }
      if (state !== 'open') child.send({ message: 'refuse-changes' } satisfies ToQuery)
      if (state === 'closed') child.send({ message: 'stop-listening' } satisfies ToQuery)
    },
    'gateway-failed': () => void openGateway(),
    'gateway-closed': lose,
  }
  return {
    open: async (to, signal) => {
      upstreams = to
      assign()
      const wait = { what: 'The port', milliseconds: OPEN_TIMEOUT_MS, signal, intervalMs: 5 }
      await waitUntil(async () => holder.name !== 'nobody' || undefined, wait).catch(cause => {
        signal.throwIfAborted()
        throw new StartError(`Port ${port} was taken while the studio started. Start it again.`, { cause })
      })
    },
    addQuery: child => followQuery(child, { receive: message => receive[message](child), lose: () => lose(child) }),
    refuseChanges: () => {
      if (state === 'open') state = 'refusing'
      if (holder.name === 'launcher') holder.gateway.refuseChanges()
      if (holder.name === 'query') holder.child.send({ message: 'refuse-changes' } satisfies ToQuery)
    },
    stopListening: () => {
      state = 'closed'
      if (holder.name === 'launcher') holder.gateway.stopListening()
      if (holder.name === 'query') holder.child.send({ message: 'stop-listening' } satisfies ToQuery)
    },
    closeConnections: async () => {
      await Promise.all([...gateways].map(gateway => gateway.closeConnections()))
    },
  }
}

/** Receives the messages of a query process until it ends. */
function followQuery(child: ChildProcess, on: { receive: (message: ToLauncher) => void; lose: () => void }): void {
  let isLost = false
  child.listen(value => {
    const { data } = ToLauncher.safeParse(value)
    if (data && !isLost) on.receive(data)
  })
  void child.ended.then(() => {
    isLost = true
    on.lose()
  })
}
