import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../local/process/wait-until.ts'
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

const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
const START_MS = 30_000
const LOADED = `document.readyState === 'complete' && location.protocol !== 'about:'`

export async function openPage(url: string): Promise<Page> {
  await using undo = new AsyncDisposableStack()
  const profile = await mkdtemp(join(tmpdir(), 'darkroom-bench-page-'))
  undo.defer(() => rm(profile, { recursive: true, force: true }))
  const signal = AbortSignal.timeout(START_MS)
  const program = await findChromium({ signal, say: () => {} })
  const child = Bun.spawn(
    [program, ...FLAGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    },
  )
  undo.defer(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  const devtools = new URL(await addressIn(child.stderr))
  const target = await fetch(`http://${devtools.host}/json/new?${encodeURIComponent(url)}`, { method: 'PUT', signal })
  const { webSocketDebuggerUrl } = (await target.json()) as { webSocketDebuggerUrl: string }
  const { ask, on } = await connect(webSocketDebuggerUrl)
  const evaluate = async <T>(expression: string) => {
    const answer = (await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })) as {
      result: { value: T }
      exceptionDetails?: { text: string }
    }
    if (answer.exceptionDetails) throw new Error(`in the page: ${answer.exceptionDetails.text}`)
    return answer.result.value
  }
  const isThere = async () => (await evaluate<boolean>(LOADED)) || undefined
  await until(isThere, { what: 'The page', milliseconds: START_MS, signal })
  const owned = undo.move()
  const command = async <T>(method: string, params: object = {}) => (await ask(method, params)) as T
  return { evaluate, command, on, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function addressIn(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stderr) {
    text += decoder.decode(chunk, { stream: true })
    const [address] = /ws:\/\/\S+/.exec(text) ?? []
    if (address) return address
  }
  throw new Error(`Chromium did not start: ${text.slice(0, 300)}`)
}

async function connect(url: string) {
  const socket = new WebSocket(url)
  const waiting = new Map<number, (result: unknown) => void>()
  const listeners = new Map<string, (params: unknown) => void>()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('open', () => resolve())
  socket.addEventListener('error', () => reject(new Error('the page cannot be reached')))
  socket.addEventListener('message', ({ data }) => {
    const { id, result, method, params } = JSON.parse(String(data))
    if (method) listeners.get(method)?.(params)
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  await promise
  let last = 0
  const ask = async (method: string, params: object): Promise<unknown> => {
    const id = ++last
    const { promise: answered, resolve: answer } = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    socket.send(JSON.stringify({ id, method, params }))
    return await answered
  }
  return { ask, on: (method: string, listener: (params: unknown) => void) => void listeners.set(method, listener) }
}
