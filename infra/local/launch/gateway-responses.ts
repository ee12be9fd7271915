import { createProblemResponse, ProblemError } from '../../src/http/problem.ts'

/** Sentences for a request to a service that does not answer: which part is away, and what goes on without it. The Caddyfile has the same. */
export const AWAY_MESSAGES = {
  ingest:
    'New prompts and changes cannot be taken at the moment: that part of the studio is starting again. What is made can be looked at meanwhile.',
  query:
    'What is made cannot be shown at the moment: that part of the studio is starting again. What was asked for is made meanwhile.',
} as const

const STOPPING_MESSAGE =
  'The studio is stopping: nothing new is taken. What is made can be looked at until it has stopped.'
const AWAY_OPTIONS = { retryAfterSeconds: 1 }

export function respondNotFound(): Response {
  return respond(new ProblemError('not_found', 'There is nothing at this address.'))
}

export function respondMalformed(): Response {
  return respond(new ProblemError('malformed', 'The request could not be read.'))
}

/** Responds for a service that does not answer. */
export function respondAway(service: keyof typeof AWAY_MESSAGES): Response {
  return respond(new ProblemError('unavailable', AWAY_MESSAGES[service], AWAY_OPTIONS))
}

/** Responds to a change while the studio stops. */
export function respondStopping(): Response {
  return respond(new ProblemError('unavailable', STOPPING_MESSAGE, AWAY_OPTIONS))
}

function respond(error: ProblemError): Response {
  return createProblemResponse(error, Bun.randomUUIDv7())
}
