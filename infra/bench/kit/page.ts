import { waitUntil } from '../../local/process/wait-until.ts'
import { findChromium } from '../../local/programs/chromium.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'

/** A page in a Chromium of its own, controlled by the DevTools protocol. @see https://chromedevtools.github.io/devtools-protocol/ */
export interface Page extends AsyncDisposable {
  /** Evaluates an expression in the page and awaits its promise. @throws Error if it throws there */
  evaluate<T>(expression: string): Promise<T>
  /** Sends a command of the protocol. */
  command<T>(method: string, params?: object): Promise<T>
  /** Listens to an event of the protocol; one listener for each event. */
  on(method: string, listener: (params: unknown) => void): void
}

const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
]
const VIEWPORT = { width: 1440, height: 900, deviceScaleFactor: 1, mobile: false }
const START_TIMEOUT_MS = 30_000
const IS_LOADED = `document.readyState === 'complete' && location.protocol !== 'about:'`

/** Starts Chromium, opens a URL and waits until the page is loaded. */
export async function openPage(url: string): Promise<Page> {
  await using stack = new AsyncDisposableStack()
  const profile = stack.use(await createTestDirectory())
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  const chromium = stack.use(await startChromium(profile.path, signal))
  const tab = `http://${chromium.host}/json/new?${encodeURIComponent(url)}`
  const target = await fetch(tab, { method: 'PUT', signal })
  const { webSocketDebuggerUrl } = (await target.json()) as { webSocketDebuggerUrl: string }
  const { sendCommand, on } = await connectDevtools(webSocketDebuggerUrl)
  const evaluate = async <T>(expression: string) => {
    const params = { expression, awaitPromise: true, returnByValue: true }
    const response = (await sendCommand('Runtime.evaluate', params)) as EvaluateResponse<T> | undefined
    if (!response) throw new Error('the page has gone to another document')
    if (response.exceptionDetails)
      throw new Error(
        `in the page: ${response.exceptionDetails.exception?.description ?? response.exceptionDetails.text}`,
      )
    return response.result.value
  }
  // The blank document may be left in the middle of a look.
  const isLoaded = async () => (await evaluate<boolean>(IS_LOADED).catch(() => false)) || undefined
  await waitUntil(isLoaded, { what: 'The page', milliseconds: START_TIMEOUT_MS, signal })
  const disposables = stack.move()
  const command = async <T>(method: string, params: object = {}) => (await sendCommand(method, params)) as T
  return { evaluate, command, on, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

/** Sets the size of the page that the reports name: 1440 × 900. */
export async function setViewport(page: Page): Promise<void> {
  await page.command('Emulation.setDeviceMetricsOverride', VIEWPORT)
}

/** Returns the performance counters of a page by name. Its `Performance` domain must be enabled. */
export async function readMetrics(page: Page): Promise<Record<string, number>> {
  const { metrics } = await page.command<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}

interface EvaluateResponse<T> {
  result: { value: T }
  exceptionDetails?: { text: string; exception?: { description?: string } }
}

/** Starts Chromium. @returns the host and port of its DevTools server */
async function startChromium(profile: string, signal: AbortSignal): Promise<{ host: string } & AsyncDisposable> {
  const program = await findChromium({ signal, onMessage: () => {} })
  const flags = [...CHROMIUM_FLAGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`]
  const child = Bun.spawn([program, ...flags, 'about:blank'], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  const stop = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  try {
    return { host: new URL(await readDevtoolsUrl(child.stderr)).host, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function readDevtoolsUrl(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stderr) {
    text += decoder.decode(chunk, { stream: true })
    const [devtoolsUrl] = /ws:\/\/\S+/.exec(text) ?? []
    if (devtoolsUrl) return devtoolsUrl
  }
  throw new Error(`Chromium did not start: ${text.slice(0, 300)}`)
}

async function connectDevtools(url: string) {
  const socket = new WebSocket(url)
  const pending = new Map<number, (result: unknown) => void>()
  const listeners = new Map<string, (params: unknown) => void>()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('open', () => resolve())
  socket.addEventListener('error', () => reject(new Error(`the DevTools of the page cannot be reached at ${url}`)))
  socket.addEventListener('message', ({ data }) => {
    const { id, result, method, params } = JSON.parse(String(data))
    if (method) listeners.get(method)?.(params)
    pending.get(id)?.(result)
    pending.delete(id)
  })
  await promise
  let last = 0
  const sendCommand = async (method: string, params: object): Promise<unknown> => {
    const id = ++last
    const { promise: response, resolve: respond } = Promise.withResolvers<unknown>()
    pending.set(id, respond)
    socket.send(JSON.stringify({ id, method, params }))
    return await response
  }
  return {
    sendCommand,
    on: (method: string, listener: (params: unknown) => void) => void listeners.set(method, listener),
  }
}
