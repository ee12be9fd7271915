import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from '../../local/process/wait-until.ts'
import { findChromium } from '../../local/programs/chromium.ts'

/** A page in a Chromium of its own, by its own protocol. @see https://chromedevtools.github.io/devtools-protocol/ */
export interface Page extends AsyncDisposable {
  /** The value of an expression in the page; a promise is waited for. @throws Error if it fails there */
  evaluate<T>(expression: string): Promise<T>
  /** Has Chromium do something. */
  command<T>(method: string, params?: object): Promise<T>
  /** Hears of what Chromium tells by itself. */
  on(method: string, listener: (params: unknown) => void): void
}

const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
]
const START_TIMEOUT_MS = 30_000
const IS_LOADED = `document.readyState === 'complete' && location.protocol !== 'about:'`

export async function openPage(url: string): Promise<Page> {
  await using stack = new AsyncDisposableStack()
  const profile = await mkdtemp(join(tmpdir(), 'darkroom-bench-page-'))
  stack.defer(() => rm(profile, { recursive: true, force: true }))
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  const program = await findChromium({ signal, onMessage: () => {} })
  const child = Bun.spawn(
    [program, ...CHROMIUM_FLAGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    },
  )
  stack.defer(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  const devtools = new URL(await readDevtoolsUrl(child.stderr))
  const target = await fetch(`http://${devtools.host}/json/new?${encodeURIComponent(url)}`, { method: 'PUT', signal })
  const { webSocketDebuggerUrl } = (await target.json()) as { webSocketDebuggerUrl: string }
  const { sendCommand, on } = await connectDevtools(webSocketDebuggerUrl)
  const evaluate = async <T>(expression: string) => {
    const response = (await sendCommand('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as {
      result: { value: T }
      exceptionDetails?: { text: string }
    }
    if (response.exceptionDetails) throw new Error(`in the page: ${response.exceptionDetails.text}`)
    return response.result.value
  }
  const isLoaded = async () => (await evaluate<boolean>(IS_LOADED)) || undefined
  await waitUntil(isLoaded, { what: 'The page', milliseconds: START_TIMEOUT_MS, signal })
  const disposables = stack.move()
  const command = async <T>(method: string, params: object = {}) => (await sendCommand(method, params)) as T
  return { evaluate, command, on, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

async function readDevtoolsUrl(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stderr) {
    text += decoder.decode(chunk, { stream: true })
    const [address] = /ws:\/\/\S+/.exec(text) ?? []
    if (address) return address
  }
  throw new Error(`Chromium did not start: ${text.slice(0, 300)}`)
}

async function connectDevtools(url: string) {
  const socket = new WebSocket(url)
  const pending = new Map<number, (result: unknown) => void>()
  const listeners = new Map<string, (params: unknown) => void>()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('open', () => resolve())
  socket.addEventListener('error', () => reject(new Error('the page cannot be reached')))
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
    const { promise: answered, resolve: answer } = Promise.withResolvers<unknown>()
    pending.set(id, answer)
    socket.send(JSON.stringify({ id, method, params }))
    return await answered
  }
  return {
    sendCommand,
    on: (method: string, listener: (params: unknown) => void) => void listeners.set(method, listener),
  }
}
