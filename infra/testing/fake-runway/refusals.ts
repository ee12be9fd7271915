import type { WireAnswer } from '../provider-fakes/wire-faults.ts'

/** Returns an error of Runway: a text [D docs.dev.runwayml.com/api-details/errors], and the fields that it is about [U]. */
export function createRunwayError(
  status: number,
  error: string,
  issues: readonly { path: string; message: string }[] = [],
): WireAnswer {
  const listed = issues.map(({ path, message }) => ({ code: 'custom', path: [path], message }))
  return { status, body: { error, ...(listed.length > 0 && { issues: listed }) } }
}

const INVALID = 'Validation of body failed'
const LIMITED = createRunwayError(429, 'The daily limit of generations is reached for this model.')

/** The ways in which it refuses, by fault. */
export const RUNWAY_REFUSALS = {
  // "If you exceed this limit, you'll receive a 429 response" [D docs.dev-stage.runwayml.com/usage/tiers].
  'rate-limited': () => LIMITED,
  'rate-limited-until': () => ({ ...LIMITED, headers: { 'retry-after': '7200' } }),
  // [D github.com/runwayml/sdk-node/issues/28]
  'no-credit': () => createRunwayError(400, 'You do not have enough credits to run this task.'),
  'wrong-key': key => createRunwayError(401, `The API key ${key} is not valid.`),
  'no-permission': () => createRunwayError(403, 'Your organization may not use this model.'),
  unavailable: () => createRunwayError(503, 'Runway is shedding load.'),
  'echo-key': key => createRunwayError(400, `Bad request with Bearer ${key}`),
  'setting-refused': () =>
    createRunwayError(400, INVALID, [{ path: 'ratio', message: '`ratio` must be one of: 1280:720, 720:1280.' }]),
  'reference-refused': () => createRunwayError(400, 'promptImage: Unsupported asset type.'),
  'model-gone': () => createRunwayError(400, INVALID, [{ path: 'model', message: 'The model is not available.' }]),
} as const satisfies Record<string, (key: string) => WireAnswer>
