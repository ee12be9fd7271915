import { allOrAbort } from '../process/all-or-abort.ts'
import { type ReservedPort, reservePortFrom } from '../process/free-ports.ts'
import { StartError } from '../process/server-process.ts'
import { startBackend, startInfrastructure } from './backend.ts'
import { watchDiskSpace } from './disk-space.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { type CloseSlot, type LaunchContext, reserveCloseSlot, type StudioOptions } from './launch-context.ts'
import { createRunRecord, stopOrphanProcesses } from './run-file.ts'

export interface Studio {
  /** Public URL. */
  url: string
  /** Resolves when a process is not restarted any more, or the disk is nearly full: the studio must be stopped. */
  failed: Promise<StartError>
  /** Stops everything in order: the gateway accepts no more connections, then services, bus and database are stopped. */
  stop(): Promise<void>
}

/**
 * Starts the whole studio, independent processes concurrently. No process is left running when it throws.
 *
 * @throws StartError with a message for users; the signal's reason when it is aborted
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const failure = Promise.withResolvers<StartError>()
  const fatal = new AbortController()
  const onFatal = (error: StartError) => {
    fatal.abort(error)
    failure.resolve(error)
  }
  const signal = AbortSignal.any([options.signal, fatal.signal])
  const stack = new AsyncDisposableStack()
  const record = createRunRecord(options.dataDir)
  const onMessage = (line: string) => options.progress.line(`  ${line}`)
  try {
    await stopOrphanProcesses(options.dataDir, { signal, onMessage })
    // Replaces the stale record of a killed launcher.
    await record.update({})
    stack.defer(() => record.remove())
    stack.defer(watchDiskSpace({ folder: options.dataDir, onMessage, onFatal }))
    const url = await startParts({ ...options, signal, record, onFatal }, stack)
    return { url, failed: failure.promise, stop: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function startParts(context: LaunchContext, stack: AsyncDisposableStack): Promise<string> {
  const { config, record, signal } = context
  // Reserved from now on, so that another studio that starts meanwhile takes the next port.
  const reservedPort = await reservePort(context)
  stack.defer(() => reservedPort.release())
  const { port } = reservedPort
  // The slot reserved first is closed last: streams through the gateway end after the services have stopped, the database last.
  const slots = {
    database: reserveCloseSlot(stack),
    bus: reserveCloseSlot(stack),
    ui: reserveCloseSlot(stack),
    gatewayConnections: reserveCloseSlot(stack),
    services: reserveCloseSlot(stack),
  }
  const [ui, infrastructure] = await allOrAbort(signal, [
    signal => startUi({ ...context, signal }, slots.ui),
    signal => startInfrastructure({ ...context, signal }, slots),
  ])
  // After the interface, because query reads its files when it starts.
  const services = await startBackend(context, { ...infrastructure, port }, slots.services)
  await reservedPort.release()
  const gateway = openGateway({ port, host: config.HOST, upstreams: { ...services, ...ui } })
  slots.gatewayConnections({ stop: () => gateway.closeConnections() })
  stack.defer(() => gateway.stopListening())
  const url = config.PUBLIC_URL ?? `http://localhost:${port}`
  await record.update({ url })
  return url
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

function openGateway(options: GatewayOptions): Gateway {
  try {
    return startGateway(options)
  } catch (error) {
    throw new StartError(`Port ${options.port} was taken while the studio started. Start it again.`, { cause: error })
  }
}
