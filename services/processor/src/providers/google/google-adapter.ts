import type { ModelSpec } from '@darkroom/contracts/model'
import type { Adapter, CancelResult, ConnectionCheck } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { tryCheck } from '../try-check.ts'
import { parseHandle } from './call-handle.ts'
import { classifyGoogle } from './classify.ts'
import { cancelInteraction, checkInteraction } from './interactions.ts'
import { createGoogleAccess } from './linked-output.ts'
import { listModels } from './model-list.ts'
import { createModelSpecs } from './model-specs.ts'
import { checkOperation } from './operations.ts'
import { readAnswer } from './read-answer.ts'
import { type BackgroundSupport, submitCall } from './submit-call.ts'

export interface GoogleAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** With its version: `https://generativelanguage.googleapis.com/v1beta`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request that is answered at once, in ms; 60,000 unless given: an answer to a poll has the image in it. */
  deadlineMs?: number
  /** Time limit of a submission, to the last byte of its answer, in ms; an hour unless given: the call has its own. */
  submitDeadlineMs?: number
}

/**
 * Creates the adapter of an account at Google's Gemini API. Images run in the background where their model takes that, and are polled by
 * their id; else the answer has the image in it, and cannot be asked for again. Videos are operations, which are polled.
 *
 * @see docs/providers/google.md for what is verified
 */
export function createGoogleAdapter(options: GoogleAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 60_000 } = options
  // In a header: an address is written into logs and rows.
  const headers = () => ({ 'x-goog-api-key': key })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyGoogle }
  const background: BackgroundSupport = new Map()
  const models = async (signal: AbortSignal) => {
    const today = new Date().toISOString().slice(0, 10)
    const takesBackground = (name: string) => background.get(name) === true
    return createModelSpecs(await listModels(client, signal), { connection, today, takesBackground })
  }
  return {
    connection,
    kind: 'google',
    submitting: {
      kind: 'remote',
      submit: (request, { signal }) =>
        submitCall(client, request, { signal, background, deadlineMs: options.submitDeadlineMs ?? 3_600_000 }),
      readAnswer: (answer, answerOptions) => readAnswer(baseUrl, answer, answerOptions),
    },
    check: async (handle, signal, checkOptions = {}) => {
      const call = parseHandle(handle)
      const check = call.kind === 'operation' ? checkOperation : checkInteraction
      return await check(client, call, signal, checkOptions)
    },
    cancel: async (handle, signal) => {
      const call = parseHandle(handle)
      return call.kind === 'operation' ? UNSUPPORTED : await cancelInteraction(client, call, signal)
    },
    checkConnection: signal => tryCheck(async () => describeCheck(await models(signal))),
    models,
    download: () => createGoogleAccess(baseUrl, headers()),
  }
}

/** No method is documented that stops an operation of Veo: it goes on, and is billed if it makes a video. */
const UNSUPPORTED: CancelResult = { kind: 'unsupported', billed: null }

function describeCheck(specs: readonly ModelSpec[]): ConnectionCheck {
  const counts = (['image', 'video'] as const).flatMap(kind => {
    const { length } = specs.filter(spec => spec.kind === kind)
    return length === 0 ? [] : [`${length} ${kind} ${length === 1 ? 'model' : 'models'}`]
  })
  const note =
    counts.length === 0
      ? 'The key works, but the account lists no model for images or videos.'
      : `It works: ${counts.join(', ')}.`
  return { ok: true, note: `${note} Checking was free.` }
}
