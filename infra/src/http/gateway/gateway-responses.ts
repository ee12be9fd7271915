import { createProblemResponse, ProblemError } from '../problem.ts'

/** Sentences for a request to a service that does not answer: which part is away, and what goes on without it. The Caddyfile has the same. */
export const AWAY_MESSAGES = {
  ingest:
    'New prompts and changes cannot be taken at the moment: that part of the studio is starting again. What is made can be looked at meanwhile.',
  query:
    'What is made cannot be shown at the moment: that part of the studio is starting again. What was asked for is made meanwhile.',
} as const

/** Page for a browser that opens the address while query is away. It loads itself again. The Caddyfile has the same. */
export const AWAY_PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
  '<meta name="color-scheme" content="light dark"><meta http-equiv="refresh" content="3"><title>Darkroom</title>' +
  '<body style="font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:20vh auto;padding:0 1.5em">' +
  `<h1 style="font-size:1.25em">Darkroom</h1><p role="status">${AWAY_MESSAGES.query} This page looks again every three seconds.</p>`

const STOPPING_MESSAGE =
  'The studio is stopping: nothing new is taken. What is made can be looked at until it has stopped.'
const BUSY_PROBLEMS = {
  full: ['unavailable', 'The studio has too many requests at once right now. Try again in a moment.'],
  'client-full': ['too_many', 'You have too many requests under way. Try again in a moment.'],
} as const
const AWAY_OPTIONS = { retryAfterSeconds: 1 }

export function respondNotFound(): Response {
  return respond(new ProblemError('not_found', 'There is nothing at this address.'))
}

export function respondMalformed(): Response {
  return respond(new ProblemError('malformed', 'The request could not be read.'))
}

/** Responds for a service whose server has refused a body by its declared length, without a word. */
export function respondTooLarge(): Response {
  return respond(new ProblemError('too_large', 'That is more than this studio takes at once.'))
}

/** Responds for a service that does not answer: with a page to a browser that opens one. */
export function respondAway(
  service: keyof typeof AWAY_MESSAGES,
  request: Request,
  documentHeaders: Record<string, string>,
): Response {
  if (service === 'query' && request.headers.get('accept')?.includes('text/html')) {
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...documentHeaders,
      'retry-after': '1',
    }
    return new Response(AWAY_PAGE, { status: 503, headers })
  }
  return respond(new ProblemError('unavailable', AWAY_MESSAGES[service], AWAY_OPTIONS))
}

/** Responds to a request for which there is no slot: `client-full` if those of its client are taken. */
export function respondBusy(reason: 'full' | 'client-full'): Response {
  const [code, detail] = BUSY_PROBLEMS[reason]
  return respond(new ProblemError(code, detail, { retryAfterSeconds: 2 }))
}

/** Responds to a change while the studio stops. */
export function respondStopping(): Response {
  return respond(new ProblemError('unavailable', STOPPING_MESSAGE, AWAY_OPTIONS))
}

function respond(error: ProblemError): Response {
  const response = createProblemResponse(error, Bun.randomUUIDv7())
  response.headers.set('x-content-type-options', 'nosniff')
  response.headers.set('cross-origin-resource-policy', 'same-origin')
  return response
}
