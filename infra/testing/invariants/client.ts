import { Cancellation, Generation } from '@darkroom/contracts/generation'
import { Reference } from '@darkroom/contracts/reference'
import { fetchGeneration, pollGeneration, postJson, type StudioClient } from '../studio/studio-client.ts'
import { waitFor } from '../wait-for.ts'
import { type ClientLog, createClientLog, type Draft, type SubmissionRecord } from './client-log.ts'

/** A user of a studio under faults: repeats each request until it is answered, and records the responses. */
export interface Client extends Omit<StudioClient, 'submit'> {
  readonly log: ClientLog
  /** Submits a generation under one client id, however often the request is repeated. @throws DeadlineError without a response */
  submit(draft: Draft): Promise<Generation>
  /** Sends a submission once. @returns the status; 0 without a response */
  trySubmit(submission: SubmissionRecord): Promise<number>
  uploadReference(bytes: Uint8Array<ArrayBuffer>): Promise<Reference>
  cancel(id: string): Promise<Cancellation | null>
  /** Requests a retry, the missing outputs or a check. @returns whether it was accepted */
  rerun(id: string, verb: 'retry' | 'complete' | 'check'): Promise<boolean>
  /** Puts a generation into the trash, or takes it out. @returns whether it was accepted */
  setTrashed(id: string, isTrashed: boolean): Promise<boolean>
  /** Deletes the first output of a generation, or restores it. @returns whether it was accepted */
  setFirstDeleted(id: string, isDeleted: boolean): Promise<boolean>
}

const RESPONSE_TIMEOUT_MS = 30_000
const RETRY_TIMEOUT_MS = 90_000
const GENERATION_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 100
const POST = { method: 'POST' }

export function createClient(url: string): Client {
  const log = createClientLog()
  const request = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS), ...init })
  const requestUntilAnswered = async (what: string, path: string, init: RequestInit) => {
    let sent = 0
    const send = () => {
      sent++
      return requestOnce(log, request, path, init)
    }
    const response = await retryUntilAnswered(what, send)
    return { response, sent }
  }
  const getGeneration = (id: string) => fetchGeneration(request, id)
  const trySubmit = (submission: SubmissionRecord) => submitOnce(log, request, submission)
  return {
    log,
    fetch: request,
    getGeneration,
    trySubmit,
    submit: async draft => {
      const submission = log.addSubmission(draft)
      return await retryUntilAnswered(`A response to ${submission.clientId}`, async () => {
        await trySubmit(submission)
        if (submission.rejection !== undefined) throw new Error(submission.rejection)
        return submission.generation
      })
    },
    uploadReference: async bytes => {
      const form = new FormData()
      form.append('file', new Blob([bytes]), 'image.png')
      const { response } = await requestUntilAnswered('A stored reference', '/api/references', {
        method: 'POST',
        body: form,
      })
      const [reference] = Reference.array().parse(await response.json())
      if (!reference) throw new Error('the response has no reference')
      log.references.push({ ...reference, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') })
      return reference
    },
    cancel: async id => {
      log.stopRequests.add(id)
      const { response } = await requestUntilAnswered('A response to cancel', `/api/generate/${id}/cancel`, POST)
      return response.ok ? Cancellation.parse(await response.json()) : null
    },
    rerun: async (id, verb) => {
      // Counted before the response, which may be lost after the request was accepted. A check buys nothing.
      const takeBack = verb === 'check' ? undefined : log.countRerun(id)
      const { response, sent } = await requestUntilAnswered(
        `A response to ${verb}`,
        `/api/generate/${id}/${verb}`,
        POST,
      )
      // A refusal of a repeated request may come from the first one, which was accepted.
      if (!response.ok && sent === 1) takeBack?.()
      return response.ok
    },
    setTrashed: async (id, isTrashed) => {
      if (isTrashed) log.stopRequests.add(id)
      const [path, init] = isTrashed
        ? [`/api/generate/${id}`, { method: 'DELETE' }]
        : [`/api/generate/${id}/restore`, POST]
      return (await requestUntilAnswered(`A response to ${init.method} ${path}`, path, init)).response.ok
    },
    setFirstDeleted: async (id, isDeleted) => {
      const path = `/api/generate/${id}/outputs/0${isDeleted ? '' : '/restore'}`
      const init = isDeleted ? { method: 'DELETE' } : POST
      return (await requestUntilAnswered(`A response to ${init.method} ${path}`, path, init)).response.ok
    },
    waitForGeneration: (id, matches, milliseconds = GENERATION_TIMEOUT_MS) =>
      pollGeneration(id, {
        get: id => getGeneration(id).catch(() => undefined),
        matches,
        milliseconds,
        intervalMs: POLL_INTERVAL_MS,
      }),
  }
}

async function retryUntilAnswered<T>(what: string, send: () => Promise<T | undefined>): Promise<T> {
  return await waitFor(what, RETRY_TIMEOUT_MS, send, POLL_INTERVAL_MS)
}

/** Sends a request once. @returns undefined if it failed and is to be repeated */
async function requestOnce(
  log: ClientLog,
  request: StudioClient['fetch'],
  path: string,
  init: RequestInit,
): Promise<Response | undefined> {
  const response = await request(path, init).catch(() => undefined)
  if (!response || isRetryable(log, path, response.status)) return undefined
  return response
}

async function submitOnce(
  log: ClientLog,
  request: StudioClient['fetch'],
  submission: SubmissionRecord,
): Promise<number> {
  const body = { ...submission.draft, clientId: submission.clientId }
  submission.attempts++
  const response = await postJson(request, '/api/generate', body).catch(() => undefined)
  const text = await response?.text().catch(() => undefined)
  if (!response || text === undefined) return 0
  if (response.ok) log.recordAccepted(submission, Generation.parse(JSON.parse(text)))
  else if (!isRetryable(log, '/api/generate', response.status)) submission.rejection = `${response.status} ${text}`
  return response.status
}

/** Statuses by which the studio says that it cannot do something now: a part is away, or the disk is nearly full. */
const TEMPORARY_STATUSES = [503, 507]

function isRetryable(log: ClientLog, path: string, status: number): boolean {
  if (status >= 500 && !TEMPORARY_STATUSES.includes(status))
    log.unexpectedResponses.push(`${path} was answered by ${status}`)
  return status >= 500 || status === 429
}
