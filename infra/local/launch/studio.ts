import { together } from '../process/all-or-abort.ts'
import { type HeldPort, holdPortFrom } from '../process/free-ports.ts'
import { PartError } from '../process/server-process.ts'
import { startBackend, startGround } from './backend.ts'
import { watchSpace } from './disk-space.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { type Hold, hold, type Site, type StudioOptions } from './launch-context.ts'
import { keepRunFile, stopLeftovers } from './run-file.ts'

export interface Studio {
  /** What people open. */
  url: string
  /** Settles if a part keeps dying: the studio is of no use any more. */
  failed: Promise<PartError>
  /** Stops everything: nobody gets in, services end their work, then the bus, then the database. */
  stop(): Promise<void>
}

/**
 * Starts the whole studio, its parts side by side.
 *
 * @throws PartError in words for a person; the signal's reason when it is aborted. Nothing is left running then
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const failure = Promise.withResolvers<PartError>()
  const broken = new AbortController()
  const giveUp = (error: PartError) => {
    broken.abort(error)
    failure.resolve(error)
  }
  const signal = AbortSignal.any([options.signal, broken.signal])
  const closing = new AsyncDisposableStack()
  const record = keepRunFile(options.dataDir)
  const say = (line: string) => options.progress.line(`  ${line}`)
  try {
    await stopLeftovers(options.dataDir, { signal, say })
    // What a killed launcher wrote down is no longer true.
    await record.tell({})
    closing.defer(() => record.remove())
    closing.defer(watchSpace({ folder: options.dataDir, say, giveUp }))
    const url = await open({ ...options, signal, record, giveUp }, closing)
    return { url, failed: failure.promise, stop: () => closing.disposeAsync() }
  } catch (error) {
    await closing.disposeAsync()
    throw error
  }
}

async function open(site: Site, closing: AsyncDisposableStack): Promise<string> {
  const { config, record, signal } = site
  // Kept from now on: another studio that starts meanwhile takes the next one.
  const held = await holdPort(site)
  closing.defer(() => held.release())
  const { port } = held
  // What is reserved first is closed last: streams through the gateway end with the services, and the database goes at the end.
  const holds = {
    database: hold(closing),
    bus: hold(closing),
    ui: hold(closing),
    cut: hold(closing),
    services: hold(closing),
  }
  const [ui, ground] = await together(signal, [
    signal => startUi({ ...site, signal }, holds.ui),
    signal => startGround({ ...site, signal }, holds),
  ])
  // Only now: query serves the files of the interface that are there when it starts.
  const services = await startBackend(site, { ...ground, port }, holds.services)
  await held.release()
  const gateway = openGateway({ port, host: config.HOST, upstreams: { ...services, ...ui } })
  holds.cut({ stop: () => gateway.cut() })
  closing.defer(() => gateway.close())
  const url = config.PUBLIC_URL ?? `http://localhost:${port}`
  await record.tell({ url })
  return url
}

async function holdPort({ config, progress }: Site): Promise<HeldPort> {
  const held = await holdPortFrom(config.PORT, config.HOST)
  if (!held) {
    throw new PartError(`Port ${config.PORT} cannot be used, nor any of the hundred after it. Set PORT to a free one.`)
  }
  if (held.port !== config.PORT) progress.line(`  Port ${config.PORT} is taken: this studio is at ${held.port}.`)
  return held
}

async function startUi(site: Site, hold: Hold): Promise<{ ui?: string }> {
  const step = site.progress.part('Interface')
  const server = await site.blueprint.ui({ ...site, say: step.say })
  if (server) hold(server)
  step.ready()
  return server ? { ui: server.url } : {}
}

function openGateway(options: GatewayOptions): Gateway {
  try {
    return startGateway(options)
  } catch (error) {
    throw new PartError(`Port ${options.port} was taken while the studio started. Start it again.`, { cause: error })
  }
}
