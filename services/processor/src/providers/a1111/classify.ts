import { z } from 'zod'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Refusal } from '../http/refusal.ts'

export const NO_API =
  'There is no API of A1111, Forge or SD.Next at this address. Start the server with --api; the address usually ends in :7860.'

/** The entry of a field that FastAPI does not take. */
const FieldError = z.looseObject({ loc: z.array(z.unknown()).catch([]), msg: z.string().catch('') })
const Body = z.looseObject({
  detail: z.union([z.string(), z.array(FieldError)]).catch(''),
  error: z.string().catch(''),
  errors: z.string().catch(''),
})
type Body = z.infer<typeof Body>

/**
 * Maps a refusal by what the servers’ source has: `{detail}` of a refused request, `{error, detail, body, errors}` of one that failed.
 *
 * @see handle_exception in modules/api/api.py
 */
export function classifyA1111({ status, body }: Refusal): ClassifiedRefusal | undefined {
  const { data } = Body.safeParse(body)
  if (!data) return undefined
  if (status === 404) return classifyMissing(data)
  if (status === 400 || status === 422) return classifyField(data)
  if (status === 500) return classifyFailure(data)
  return undefined
}

/** Maps the refusal of a submission. A 404 without the server’s words is that of a proxy, which has lost it for a while. */
export function classifySubmission(refusal: Refusal): ClassifiedRefusal | undefined {
  const isAway = refusal.status === 404 && !Body.safeParse(refusal.body).data?.detail
  return isAway ? { code: 'provider_unreachable', failure: 'retryable' } : classifyA1111(refusal)
}

function classifyMissing({ detail }: Body): ClassifiedRefusal | undefined {
  // The words of FastAPI for a path that it does not have: the API is switched off.
  if (detail === 'Not Found') return { code: 'provider_refused', message: NO_API }
  if (detail === 'Sampler not found')
    return { code: 'setting_refused', message: 'The server does not have this sampler. Choose another one.' }
  if (detail === 'Model not found') return { code: 'model_unknown' }
  return detail === 'Init image not found' ? { code: 'reference_refused' } : undefined
}

function classifyField({ detail, error, errors }: Body): ClassifiedRefusal {
  const sentence = 'The server does not take the prompt or a setting.'
  if (typeof detail === 'string')
    return { code: 'setting_refused', message: withQuote(sentence, detail || errors || error) }
  const [first] = detail
  const field = first?.loc.at(-1)
  const name = typeof field === 'string' && /^\w{1,60}$/.test(field) ? field : undefined
  const about = name === undefined ? sentence : `The server does not take the field ${name}.`
  return { code: 'setting_refused', message: withQuote(about, first?.msg) }
}

/** Maps a failure that the server names itself after it has tried: nothing more comes of it. Any other 500 leaves the outcome open. */
function classifyFailure({ detail, error, errors }: Body): ClassifiedRefusal | undefined {
  if (error === '' || (errors === '' && detail === '')) return undefined
  if (/image/i.test(String(detail)) && /invalid|encoded/i.test(String(detail))) return { code: 'reference_refused' }
  if (/OutOfMemory/i.test(error) || /out of memory/i.test(errors))
    return { code: 'provider_failed', message: 'The server ran out of memory. Choose a smaller size.' }
  const words = typeof detail === 'string' && detail !== '' ? detail : errors
  return { code: 'provider_failed', message: withQuote('The server could not make it.', words) }
}
