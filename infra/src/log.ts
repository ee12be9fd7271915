import { hostname } from 'node:os'
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
/** Lines that wait in memory while the disk that they go to is full. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * Creates the log of a service: JSON lines on standard output, without secrets and without texts of users.
 *
 * The message of a line is the name of an event in snake_case, past tense or a state (`outbox_relay_failed`, `bus_unreachable`). It is
 * a constant, so that a search finds every line of an event. Everything that varies is a field beside it: `err`, and the ids that are
 * at hand (stream, consumer, subject, bucket, key, provider, generation, attempt).
 *
 * @param options `service`: on every line, as the name of the host is; `level`: the least severe level that is written
 */
export function createLog(options: { service: string; level: string }): Log {
  const destination = pino.destination({ fd: 1, sync: true, maxLength: MAX_WAITING_BYTES })
  const log = pino(
    {
      level: options.level,
      base: { service: options.service, host: hostname() },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: {
        paths: REDACTED_KEYS.flatMap(key => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]),
        censor: '[redacted]',
      },
      serializers: { err: error => serializeError(error) },
    },
    destination,
  )
  reportDroppedLines(destination, log)
  return log
}

/** Drops lines that cannot be written, and logs their number once one can: a full disk is no reason for a service to end. */
function reportDroppedLines(destination: ReturnType<typeof pino.destination>, log: Log): void {
  let dropped = 0
  // What could not be written waits in memory, up to the limit, and is written with a later line. Without a listener this would throw.
  destination.on('error', () => {})
  destination.on('drop', () => {
    dropped += 1
  })
  destination.on('write', () => {
    const lines = dropped
    dropped = 0
    if (lines > 0) log.warn({ lines }, 'log_lines_dropped')
  })
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
