import { join } from 'node:path'
import { waitUntil } from '../../local/process/wait-until.ts'

const SERVER = join(import.meta.dirname, '..', 'fake-provider', 'fake-server.ts')

/** What a test reads of the fake provider's journal. */
export interface FakeRequestLog {
  submits: { indices: number[]; id: string | null; idempotencyKey: string | null; prompt: string }[]
  checks: string[]
  cancels: { id: string; status: string }[]
  files: { index: number; sent: string }[]
  filesInFlight: number
  maxFilesInFlight: number
}

/** The tests' provider in a process of its own. */
export interface FakeProvider extends AsyncDisposable {
  url: string
  /** Settings with which a studio uses it. */
  env: Record<string, string>
  setBehavior(behavior: Record<string, unknown>): Promise<void>
  /** Has it behave well again. */
  resetBehavior(): Promise<void>
  readRequestLog(): Promise<FakeRequestLog>
  waitForRequests(matches: (readRequestLog: FakeRequestLog) => boolean): Promise<FakeRequestLog>
}

const DEFAULT_BEHAVIOR = {
  delayMs: 0,
  oneAtATime: false,
  readyOutputs: null,
  queuePosition: null,
  lookAgainSeconds: 0.05,
  expiresInSeconds: 3_600,
  recognisesKeys: false,
  failure: null,
  cancelTooLate: false,
  submit: null,
  check: null,
  cancel: null,
  output: null,
  holdFiles: false,
  fileDelayMs: 0,
  files: {},
}

/** Starts the tests' provider on a free port. */
export async function startFakeProvider(): Promise<FakeProvider> {
  const child = Bun.spawn([process.execPath, SERVER], { stdout: 'pipe', stderr: 'inherit', stdin: 'ignore' })
  const url = await readFirstLine(child.stdout)
  const readRequestLog = async () => (await (await fetch(`${url}/log`)).json()) as FakeRequestLog
  const setBehavior = async (behavior: Record<string, unknown>) => {
    const response = await fetch(`${url}/control`, { method: 'POST', body: JSON.stringify({ set: behavior }) })
    if (!response.ok) throw new Error(await response.text())
  }
  return {
    url,
    env: { FAKE_PROVIDER_URL: url, SAFE_GET_ALLOW: url },
    readRequestLog,
    setBehavior,
    resetBehavior: () => setBehavior(DEFAULT_BEHAVIOR),
    waitForRequests: async matches => {
      const check = async () => {
        const now = await readRequestLog()
        return matches(now) ? now : undefined
      }
      return await waitUntil(check, {
        what: 'The fake provider',
        milliseconds: 20_000,
        signal: new AbortController().signal,
      })
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await child.exited
    },
  }
}

async function readFirstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes('\n')) break
  }
  return text.trim()
}
