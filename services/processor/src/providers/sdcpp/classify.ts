import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Refusal } from '../http/refusal.ts'
import { readField } from './capabilities.ts'

/** Maps a refusal by what the server's source has: `{error, message?}`. @see examples/server/routes_sdcpp.cpp */
export function classifySdCpp({ status, body }: Refusal): ClassifiedRefusal | undefined {
  const text = readField(body, 'error')
  const error = typeof text === 'string' ? text : ''
  if (status === 400) return classifyParameters(error, readField(body, 'message'))
  if (status === 429 && /queue is full/i.test(error))
    return { code: 'too_many_at_once', message: 'The queue of the server is full.' }
  if (status === 410) return { code: 'request_gone' }
  if (status === 409) return STARTED
  return undefined
}

/** Maps the refusal of a job’s route. A 404 in other words than the server’s is that of a proxy, which has lost the server for a while. */
export function classifyJob(refusal: Refusal): ClassifiedRefusal | undefined {
  if (refusal.status !== 404) return classifySdCpp(refusal)
  return readField(refusal.body, 'error') === 'job not found' ? { code: 'request_unknown' } : AWAY
}

/** Maps the refusal of a submission, whose route is there in every server. */
export function classifySubmission(refusal: Refusal): ClassifiedRefusal | undefined {
  return refusal.status === 404 ? AWAY : classifySdCpp(refusal)
}

/** The refusal to stop a job that has begun. No other refusal is `provider_busy` and permanent. */
const STARTED: ClassifiedRefusal = {
  code: 'provider_busy',
  failure: 'permanent',
  message: 'The server has begun with it, and cannot stop it.',
}
const AWAY: ClassifiedRefusal = { code: 'provider_unreachable', failure: 'retryable' }

function classifyParameters(error: string, detail: unknown): ClassifiedRefusal | undefined {
  if (/does not support/i.test(error))
    return { code: 'model_unknown', message: withQuote('The model that the server has loaded cannot do this.', error) }
  if (error === '') return undefined
  const hint = 'The server does not take the prompt, a setting or an image. Its log says more.'
  return { code: 'setting_refused', message: withQuote(hint, detail ?? error) }
}
