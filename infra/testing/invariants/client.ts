import { Cancellation, Generation } from '@darkroom/contracts/generation'
import { Reference } from '@darkroom/contracts/reference'
import { waitUntil } from '../../local/process/wait-until.ts'
import { type ClientLog, createClientLog, type SubmissionRecord } from './client-log.ts'

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
  trySubmit(submission: SubmissionRecord): Promise<number>
  uploadReference(bytes: Uint8Array<ArrayBuffer>): Promise<Reference>
  cancel(id: string): Promise<Cancellation | null>
  /** Asks for another round. @returns whether it was granted */
  rerun(id: string, verb: 'retry' | 'complete' | 'check'): Promise<boolean>
  getGeneration(id: string): Promise<Generation>
  /** Waits until a generation is as it should be. @throws DeadlineError after `milliseconds`, 60,000 unless said */
  waitForGeneration(
    id: string,
    matches: (generation: Generation) => boolean,
    milliseconds?: number,
  ): Promise<Generation>
}

const RESPONSE_TIMEOUT_MS = 30_000
const RETRY_TIMEOUT_MS = 90_000
const POLL_INTERVAL_MS = 100
const neverAborted = new AbortController().signal

export function createClient(url: string): Client {
  const log = createClientLog()
  const request = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS), ...init })
  const requestUntilAnswered = (what: string, path: string, init: RequestInit) =>
    waitUntil(() => requestOnce(log, request, path, init), {
      what,
      milliseconds: RETRY_TIMEOUT_MS,
      intervalMs: POLL_INTERVAL_MS,
      signal: neverAborted,
    })
  const getGeneration = async (id: string) => Generation.parse(await (await request(`/api/generations/${id}`)).json())
  const trySubmit = (submission: SubmissionRecord) => submitOnce(log, request, submission)
  return {
    log,
    fetch: request,
    getGeneration,
    trySubmit,
    submit: async draft => {
      const submission = log.addSubmission(draft)
      const trySubmitOnce = async () => {
        await trySubmit(submission)
        if (submission.rejection !== undefined) throw new Error(submission.rejection)
        return submission.generation
      }
      const wait = {
        what: `A promise for ${submission.clientId}`,
        milliseconds: RETRY_TIMEOUT_MS,
        intervalMs: POLL_INTERVAL_MS,
        signal: neverAborted,
      }
      return await waitUntil(trySubmitOnce, wait)
    },
    uploadReference: async bytes => {
      const form = new FormData()
      form.append('file', new Blob([bytes]), 'picture.png')
      const response = await requestUntilAnswered('A kept reference', '/api/references', { method: 'POST', body: form })
      const [reference] = Reference.array().parse(await response.json())
      if (!reference) throw new Error('no reference came back')
      log.references.push({ ...reference, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') })
      return reference
    },
    cancel: async id => {
      const response = await requestUntilAnswered('An answer to cancel', `/api/generate/${id}/cancel`, {
        method: 'POST',
      })
      return response.ok ? Cancellation.parse(await response.json()) : null
    },
    rerun: async (id, verb) => {
      // Counted before there is an answer: it may be lost, and have been granted. A check buys nothing.
      if (verb !== 'check') log.countRerun(id)
      return (await requestUntilAnswered(`An answer to ${verb}`, `/api/generate/${id}/${verb}`, { method: 'POST' })).ok
    },
    waitForGeneration: async (id, matches, milliseconds = 60_000) => {
      let last: Generation | undefined
      const poll = async () => {
        last = await getGeneration(id).catch(() => undefined)
        return last && matches(last) ? last : undefined
      }
      const wait = { what: `Generation ${id}`, milliseconds, intervalMs: POLL_INTERVAL_MS, signal: neverAborted }
      return await waitUntil(poll, wait).catch(cause => {
        throw new Error(`${cause.message}; it was ${JSON.stringify(last)}`, { cause })
      })
    },
  }
}

/** Whether a generation has come to an end. */
export function isFinished({ status }: Generation): boolean {
  return ['completed', 'failed', 'cancelled'].includes(status)
}

type SendRequest = (path: string, init?: RequestInit) => Promise<Response>

/** An answer that says more than "not now"; undefined while there is none. */
async function requestOnce(
  log: ClientLog,
  request: SendRequest,
  path: string,
  init: RequestInit,
): Promise<Response | undefined> {
  const response = await request(path, init).catch(() => undefined)
  if (!response || isRetryable(log, path, response.status)) return undefined
  return response
}

async function submitOnce(log: ClientLog, request: SendRequest, submission: SubmissionRecord): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ ...submission.draft, clientId: submission.clientId })
  submission.attempts++
  const response = await request('/api/generate', { method: 'POST', headers, body }).catch(() => undefined)
  const text = await response?.text().catch(() => undefined)
  if (!response || text === undefined) return 0
  if (response.ok) log.recordAccepted(submission, Generation.parse(JSON.parse(text)))
  else if (!isRetryable(log, '/api/generate', response.status)) submission.rejection = `${response.status} ${text}`
  return response.status
}

function isRetryable(log: ClientLog, path: string, status: number): boolean {
  if (status >= 500 && status !== 503) log.unexpectedResponses.push(`${path} was answered by ${status}`)
  return status >= 500 || status === 429
}
