import { type ProviderWork, readClock } from '../provider-fakes/provider-work.ts'
import { type Answer, createError, type Fault } from './faults.ts'
import type { ImageCall } from './image-call.ts'
import type { InvoicedUsage } from './invoice.ts'

/** A response that runs in the background. */
interface Running {
  id: string
  call: ImageCall
  usage: InvoicedUsage
  base64: string
  /** Polls until it is finished. */
  pollsLeft: number
  startedAt: number
  fault: Fault | null
  isCancelled: boolean
}

/** The responses of the fake, by id. */
export interface BackgroundResponses {
  /** Starts one. @returns its first answer */
  start(call: ImageCall, image: { base64: string; usage: InvoicedUsage; fault: Fault | null }): Answer
  check(id: string, fault: Fault | null): Answer
  cancel(id: string, fault: Fault | null): Answer
}

/**
 * @param polls times that a response is polled until it is finished
 * @param work its time counts instead where it is set
 */
export function createBackgroundResponses(polls: () => number, work: ProviderWork): BackgroundResponses {
  const running = new Map<string, Running>()
  const find = (id: string, fault: Fault | null) => (fault === 'expired' ? undefined : running.get(id))
  return {
    start: (call, { base64, usage, fault }) => {
      const id = `resp_${crypto.randomUUID().replaceAll('-', '')}`
      const startedAt = readClock()
      work.times.push({ startedAt, endedAt: startedAt + work.milliseconds })
      const response = { id, call, usage, base64, pollsLeft: polls(), startedAt, fault, isCancelled: false }
      running.set(id, response)
      return describe(response, 'queued')
    },
    check: (id, fault) => {
      const response = find(id, fault)
      if (!response) return notFound(id)
      if (response.isCancelled) return describe(response, 'cancelled')
      if (isMade(response, work)) return finish(response)
      response.pollsLeft -= 1
      return describe(response, 'in_progress')
    },
    cancel: (id, fault) => {
      const response = find(id, fault)
      if (!response) return notFound(id)
      if (fault === 'cancel-refused' || response.pollsLeft <= 0) return finish(response)
      response.isCancelled = true
      return describe(response, 'cancelled')
    },
  }
}

function isMade({ startedAt, pollsLeft }: Running, { milliseconds }: ProviderWork): boolean {
  return milliseconds > 0 ? readClock() >= startedAt + milliseconds : pollsLeft <= 0
}

function notFound(id: string): Answer {
  return createError(404, { message: `Response with id '${id}' not found.` })
}

function describe({ id }: Running, status: string, more: Record<string, unknown> = {}): Answer {
  return { status: 200, body: { id, object: 'response', status, background: true, output: [], error: null, ...more } }
}

const REFUSED = { type: 'image_generation_call', status: 'failed', result: null }

function finish(response: Running): Answer {
  const { fault, base64, usage } = response
  if (fault === 'content-refused' || fault === 'output-refused') {
    const stage = fault === 'output-refused' ? 'output' : 'input'
    const details = { moderation_stage: stage, categories: ['violence'] }
    return describe(response, 'failed', {
      error: { code: 'moderation_blocked', message: 'Your request was rejected by the safety system.' },
      output: [{ ...REFUSED, id: 'ig_1', moderation_details: details }],
    })
  }
  if (fault === 'no-image') {
    const content = [{ type: 'output_text', text: 'I would rather describe it.' }]
    return describe(response, 'completed', { output: [{ type: 'message', id: 'msg_1', content }], usage })
  }
  const image = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: base64 }
  const output = [{ ...image, revised_prompt: `${response.call.prompt}, revised` }]
  return describe(response, 'completed', { output, usage: { ...usage, output_tokens: 50 } })
}
