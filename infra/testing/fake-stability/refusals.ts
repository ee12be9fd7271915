import type { WireAnswer } from '../provider-fakes/wire-faults.ts'

/** Returns an error of Stability AI: `{id, name, errors}` [D]. */
export function createStabilityError(status: number, name: string, errors: readonly string[]): WireAnswer {
  return { status, body: { id: crypto.randomUUID().replaceAll('-', ''), name, errors } }
}

const LIMITED = createStabilityError(429, 'rate_limit_exceeded', [
  'You have exceeded the rate limit of 150 requests within a 10 second period, and have been timed out for 60 seconds.',
])

/** The ways in which it refuses, by fault. The statuses and the shape are [D]; the names of some are [U]. */
export const STABILITY_REFUSALS = {
  'rate-limited': () => LIMITED,
  'rate-limited-until': () => ({ ...LIMITED, headers: { 'retry-after': '7200' } }),
  'no-credit': () =>
    createStabilityError(402, 'payment_required', [
      'You lack sufficient credits to make this request. Please purchase more credits at https://platform.stability.ai/account/credits and try again.',
    ]),
  'wrong-key': key => createStabilityError(401, 'unauthorized', [`Incorrect API key provided: ${key}.`]),
  'no-permission': () =>
    createStabilityError(403, 'permission_denied', ['Your organization may not use this service.']),
  unavailable: () => createStabilityError(503, 'service_unavailable', ['Overloaded.']),
  'echo-key': key => createStabilityError(400, 'bad_request', [`authorization: Bearer ${key} is odd`]),
  'content-refused': () =>
    createStabilityError(403, 'content_moderation', [
      'Your request was flagged by our content moderation system, as a result your request was denied and you were not charged.',
    ]),
  'setting-refused': () =>
    createStabilityError(422, 'unprocessable_entity', ['style_preset: must be one of enhance, anime, photographic']),
  'reference-refused': () => createStabilityError(400, 'bad_request', ['image: has dimensions that are not supported']),
  'model-gone': () => createStabilityError(404, 'not_found', ['The endpoint was removed.']),
} as const satisfies Record<string, (key: string) => WireAnswer>
