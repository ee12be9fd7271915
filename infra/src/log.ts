import pino from 'pino'

export type Log = pino.Logger

// pino's `*.key` covers exactly one level, so each key is listed at the top level and at the two below.
const REDACTED_KEYS = [
  'authorization',
  'cookie',
  'set-cookie',
  'x-internal-secret',
  'apiKey',
  'secret',
  'encryptionKey',
  'keySealed',
  'password',
  'parameters',
  'prompt',
]

// A chain of causes may be circular.
const MAX_CAUSES = 4
const MAX_STACK_FRAMES = 20

/**
 * Creates the log of a service: JSON lines on standard output, without secrets and without texts of users.
 *
 * The message of a line is the name of an event in snake_case, past tense or a state (`outbox_relay_failed`, `bus_unreachable`). It is
 * a constant, so that a search finds every line of an event. Everything that varies is a field beside it: `err`, and the ids that are
 * at hand (stream, consumer, subject, bucket, key, provider, generation, attempt).
 *
 * @param options `service`: on every line; `level`: the least severe level that is written
 */
export function createLog(options: { service: string; level: string }): Log {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: {
        paths: REDACTED_KEYS.flatMap(key => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]),
        censor: '[redacted]',
      },
      serializers: { err: error => serializeError(error) },
    },
    pino.destination({ fd: 1, sync: true }),
  )
}

/**
 * Serializes an error for the log. Postgres errors contain row values in `detail`, `where` and `parameters`, and the statement in
 * `query`: none of these is logged.
 */
function serializeError(error: unknown, causes = MAX_CAUSES): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = 'code' in error ? { code: error.code } : {}
  const causeField = cause && causes > 0 ? { cause: serializeError(cause, causes - 1) } : {}
  return { name, message: truncate(message), ...code, stack: extractFrames(stack), ...causeField }
}

/** Returns the frames of a stack, without the message at its start, which may be long. */
function extractFrames(stack = ''): string {
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line))
  return frames.slice(0, MAX_STACK_FRAMES).join('\n')
}

function truncate(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}
