import { randomBytes } from 'node:crypto'
import { countMaxRequests } from '../../src/http/gateway/request-slots.ts'
import { createOpenerPolicy } from '../../src/http/opener-policy.ts'
import { allOrAbort } from '../process/all-or-abort.ts'
import { type ReservedPort, reservePortFrom } from '../process/free-ports.ts'
import { StartError } from '../process/server-process.ts'
import { createAddress } from './address.ts'
import { startBackend, startInfrastructure } from './backend.ts'
import { watchDiskSpace } from './disk-space.ts'
import { type CloseSlot, type LaunchContext, reserveCloseSlot, type StudioOptions } from './launch-context.ts'
import { findMissingServices } from './missing-services.ts'
import { createRunRecord, stopOrphanProcesses } from './run-file.ts'

export interface Studio {
  /** Public URL. */
  url: string
  /** Lines for users about the services that are not there yet. They are started again and again. */
  missing: string[]
  /**
   * Stops everything in order: what writes first, while what is made can still be looked at; then the gateway, query, bus and
   * database.
   */
  stop(): Promise<void>
}

/**
 * Starts the whole studio, independent processes concurrently. No process is left running when it throws.
 *
 * @throws StartError with a message for users; the signal's reason when it is aborted
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { signal } = options
  const stack = new AsyncDisposableStack()
  const record = createRunRecord(options.dataDir)
  const onMessage = (line: string) => options.progress.line(`  ${line}`)
  try {
    await stopOrphanProcesses(options.dataDir, { signal, onMessage })
    // Replaces the stale record of a killed launcher.
    await record.update({})
    stack.defer(() => record.remove())
    stack.defer(watchDiskSpace({ folder: options.dataDir, onMessage }))
    return { ...(await startParts({ ...options, record }, stack)), stop: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function startParts(context: LaunchContext, stack: AsyncDisposableStack): Promise<Omit<Studio, 'stop'>> {
  const { config, record, signal } = context
  // Reserved from now on, so that another studio that starts meanwhile takes the next port.
  const reservedPort = await reservePort(context)
  stack.defer(() => reservedPort.release())
  const { port } = reservedPort
  // The slot reserved first is closed last: what writes stops first, the database last.
  const slots = {
    database: reserveCloseSlot(stack),
    bus: reserveCloseSlot(stack),
    ui: reserveCloseSlot(stack),
    gatewayConnections: reserveCloseSlot(stack),
    query: reserveCloseSlot(stack),
    gateway: reserveCloseSlot(stack),
    workers: reserveCloseSlot(stack),
  }
  const [ui, infrastructure] = await allOrAbort(signal, [
    signal => startUi({ ...context, signal }, slots.ui),
    signal => startInfrastructure({ ...context, signal }, slots),
  ])
  const gatewaySecret = randomBytes(24).toString('hex')
  const address = createAddress({
    port,
    host: config.HOST,
    secret: gatewaySecret,
    documentHeaders: createOpenerPolicy(config),
    maxRequests: countMaxRequests(context.env),
  })
  // After the interface, because query reads its files when it starts.
  const { urls, services } = await startBackend(context, { ...infrastructure, port, gatewaySecret, address }, slots)
  slots.gatewayConnections({ stop: () => address.closeConnections() })
  slots.gateway({ stop: async () => address.stopListening() })
  stack.defer(() => address.refuseChanges())
  await reservedPort.release()
  await address.open({ ...urls, ...ui }, signal)
  const url = config.PUBLIC_URL ?? `http://localhost:${port}`
  await record.update({ url })
  // A start during the stop is then told to wait, instead of being shown an address that is about to close.
  stack.defer(() => record.update({ url: undefined }).catch(() => {}))
  const missing = await findMissingServices(services, signal)
  signal.throwIfAborted()
  return { url, missing }
}

async function reservePort({ config, progress }: LaunchContext): Promise<ReservedPort> {
  const reservedPort = await reservePortFrom(config.PORT, config.HOST)
  if (!reservedPort) {
    throw new StartError(`Port ${config.PORT} cannot be used, nor any of the hundred after it. Set PORT to a free one.`)
  }
  if (reservedPort.port !== config.PORT)
    progress.line(`  Port ${config.PORT} is taken: this studio is at ${reservedPort.port}.`)
  return reservedPort
}

async function startUi(context: LaunchContext, slot: CloseSlot): Promise<{ ui?: string }> {
  const step = context.progress.startStep('Interface')
  const server = await context.profile.prepareUi({ ...context, onMessage: step.report })
  if (server) slot(server)
  step.markReady()
  return server ? { ui: server.url } : {}
}
