import { Cancellation, Generation } from '@darkroom/contracts/generation'
import { Reference } from '@darkroom/contracts/reference'
import { until } from '../../local/process/wait-until.ts'
import { type Asked, type ClientLog, createClientLog } from './client-log.ts'

export interface Draft {
  prompt: string
  model?: string
  parameters?: Record<string, unknown>
  referenceImages?: string[]
}

/** Somebody who uses a studio in trouble: asks again until there is an answer, and writes down what it was promised. */
export interface Client {
  readonly log: ClientLog
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Asks for a generation, with one id of the client's own however often it has to ask. @throws DeadlineError without an answer */
  submit(draft: Draft): Promise<Generation>
  /** One try. @returns the status; 0 if there was no answer */
  trySubmit(asked: Asked): Promise<number>
  sendReference(bytes: Uint8Array<ArrayBuffer>): Promise<Reference>
  cancel(id: string): Promise<Cancellation | null>
  /** Asks for another round. @returns whether it was granted */
  askAgain(id: string, verb: 'retry' | 'complete' | 'check'): Promise<boolean>
  read(id: string): Promise<Generation>
  /** Waits until a generation is as it should be. @throws DeadlineError after `milliseconds`, 60,000 unless said */
  until(id: string, matches: (generation: Generation) => boolean, milliseconds?: number): Promise<Generation>
}

const ANSWER_MS = 30_000
const PATIENCE_MS = 90_000
const LOOK_MS = 100
const forever = new AbortController().signal

export function createClient(url: string): Client {
  const log = createClientLog()
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { signal: AbortSignal.timeout(ANSWER_MS), ...init })
  const insist = (what: string, path: string, init: RequestInit) =>
    until(() => answered(log, ask, path, init), {
      what,
      milliseconds: PATIENCE_MS,
      every: LOOK_MS,
      signal: forever,
    })
  const read = async (id: string) => Generation.parse(await (await ask(`/api/generations/${id}`)).json())
  const trySubmit = (asked: Asked) => submitOnce(log, ask, asked)
  return {
    log,
    fetch: ask,
    read,
    trySubmit,
    submit: async draft => {
      const asked = log.ask(draft)
      const settled = async () => {
        await trySubmit(asked)
        if (asked.refusal !== undefined) throw new Error(asked.refusal)
        return asked.promised
      }
      const wait = {
        what: `A promise for ${asked.clientId}`,
        milliseconds: PATIENCE_MS,
        every: LOOK_MS,
        signal: forever,
      }
      return await until(settled, wait)
    },
    sendReference: async bytes => {
      const form = new FormData()
      form.append('file', new Blob([bytes]), 'picture.png')
      const answer = await insist('A kept reference', '/api/references', { method: 'POST', body: form })
      const [reference] = Reference.array().parse(await answer.json())
      if (!reference) throw new Error('no reference came back')
      log.references.push({ ...reference, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') })
      return reference
    },
    cancel: async id => {
      const answer = await insist('An answer to cancel', `/api/generate/${id}/cancel`, { method: 'POST' })
      return answer.ok ? Cancellation.parse(await answer.json()) : null
    },
    askAgain: async (id, verb) => {
      // Counted before there is an answer: it may be lost, and have been granted. A check buys nothing.
      if (verb !== 'check') log.mayAskAgain(id)
      return (await insist(`An answer to ${verb}`, `/api/generate/${id}/${verb}`, { method: 'POST' })).ok
    },
    until: async (id, matches, milliseconds = 60_000) => {
      let last: Generation | undefined
      const look = async () => {
        last = await read(id).catch(() => undefined)
        return last && matches(last) ? last : undefined
      }
      const wait = { what: `Generation ${id}`, milliseconds, every: LOOK_MS, signal: forever }
      return await until(look, wait).catch(cause => {
        throw new Error(`${cause.message}; it was ${JSON.stringify(last)}`, { cause })
      })
    },
  }
}

/** Whether a generation has come to an end. */
export function isOver({ status }: Generation): boolean {
  return ['completed', 'failed', 'cancelled'].includes(status)
}

type Ask = (path: string, init?: RequestInit) => Promise<Response>

/** An answer that says more than "not now"; undefined while there is none. */
async function answered(log: ClientLog, ask: Ask, path: string, init: RequestInit): Promise<Response | undefined> {
  const answer = await ask(path, init).catch(() => undefined)
  if (!answer || isNotNow(log, path, answer.status)) return undefined
  return answer
}

async function submitOnce(log: ClientLog, ask: Ask, asked: Asked): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ ...asked.draft, clientId: asked.clientId })
  asked.tries++
  const answer = await ask('/api/generate', { method: 'POST', headers, body }).catch(() => undefined)
  const text = await answer?.text().catch(() => undefined)
  if (!answer || text === undefined) return 0
  if (answer.ok) log.promise(asked, Generation.parse(JSON.parse(text)))
  else if (!isNotNow(log, '/api/generate', answer.status)) asked.refusal = `${answer.status} ${text}`
  return answer.status
}

function isNotNow(log: ClientLog, path: string, status: number): boolean {
  if (status >= 500 && status !== 503) log.oddities.push(`${path} was answered by ${status}`)
  return status >= 500 || status === 429
}
