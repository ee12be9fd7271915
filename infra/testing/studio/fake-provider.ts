import { join } from 'node:path'
import { type BehaviorChange, DEFAULT_BEHAVIOR } from '../fake-provider/behavior.ts'
import type { InvoiceLine } from '../fake-provider/invoice.ts'
import type { RequestLog } from '../fake-provider/request-log.ts'
import { startScript } from '../script-process.ts'
import { waitFor } from '../wait-for.ts'

const SERVER = join(import.meta.dirname, '..', 'fake-provider', 'fake-server.ts')
const REQUESTS_TIMEOUT_MS = 60_000

export type FakeRequestLog = RequestLog

/** The fake provider in a process of its own. */
export interface FakeProvider extends AsyncDisposable {
  url: string
  /** Settings that let a studio use it. */
  env: Record<string, string>
  setBehavior(change: BehaviorChange): Promise<void>
  /** Ends every fault. The request log is kept. */
  resetBehavior(): Promise<void>
  readRequestLog(): Promise<RequestLog>
  /** Returns an input image of `fake-studio` or `fake-video` as it arrived, by the sha256 in the request log. */
  readInput(sha256: string): Promise<Uint8Array>
  /** Returns its bill for every prediction, which no adapter can read. */
  readInvoice(): Promise<InvoiceLine[]>
  waitForRequests(matches: (requestLog: RequestLog) => boolean): Promise<RequestLog>
  /** Waits until the next submission has arrived, or until a response to one was sent whole. @throws TimeoutError */
  waitForNextSubmit(when: 'arrived' | 'answered', milliseconds?: number): Promise<void>
}

/** Starts the fake provider on a free port. @param host address that it is reached at; loopback unless given */
export async function startFakeProvider(host?: string): Promise<FakeProvider> {
  const { url, [Symbol.asyncDispose]: stop } = await startScript(SERVER, host ? { args: ['--host', host] } : {})
  const readRequestLog = async () => (await (await fetch(`${url}/log`)).json()) as RequestLog
  const setBehavior = async (set: BehaviorChange) => {
    const response = await fetch(`${url}/control`, { method: 'POST', body: JSON.stringify({ set }) })
    if (!response.ok) throw new Error(await response.text())
  }
  return {
    url,
    env: { FAKE_PROVIDER_URL: url, SAFE_GET_ALLOW: url },
    readRequestLog,
    readInput: async sha256 => {
      const response = await fetch(`${url}/inputs/${sha256}`)
      if (!response.ok) throw new Error(`no input ${sha256} arrived`)
      return await response.bytes()
    },
    readInvoice: async () => (await (await fetch(`${url}/invoice`)).json()) as InvoiceLine[],
    setBehavior,
    resetBehavior: () => setBehavior(DEFAULT_BEHAVIOR),
    waitForRequests: async matches => {
      const poll = async () => {
        const requestLog = await readRequestLog()
        return matches(requestLog) && requestLog
      }
      return await waitFor('The fake provider', REQUESTS_TIMEOUT_MS, poll)
    },
    waitForNextSubmit: async (when, milliseconds = REQUESTS_TIMEOUT_MS) => {
      await fetch(`${url}/next-submit?when=${when}`, { signal: AbortSignal.timeout(milliseconds) })
    },
    [Symbol.asyncDispose]: stop,
  }
}
