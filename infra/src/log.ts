import pino from 'pino'

export type Log = pino.Logger

// pino's `*.key` covers one level and no other, so each is listed at the top and at two levels below it.
const REDACTED_KEYS = [
  'authorization',
  'cookie',
  'set-cookie',
  'x-internal-secret',
  'apiKey',
  'password',
  'parameters',
  'prompt',
]

// An error may be its own cause, some steps on.
const MAX_CAUSES = 4
const MAX_STACK_FRAMES = 20

/**
 * A service's log: JSON lines on standard output, secrets and what people wrote left out.
 *
 * @param options `service` is on every line; `level` is the least severe that is written
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
 * An error for the log. Postgres errors carry row values in `detail`, `where` and `parameters`, and queries in `query`:
 * none of these is passed on.
 */
function serializeError(error: unknown, causes = MAX_CAUSES): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = 'code' in error ? { code: error.code } : {}
  const because = cause && causes > 0 ? { cause: serializeError(cause, causes - 1) } : {}
  return { name, message: truncate(message), ...code, stack: extractFrames(stack), ...because }
}

/** A stack begins with the message, however long that is. */
function extractFrames(stack = ''): string {
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line))
  return frames.slice(0, MAX_STACK_FRAMES).join('\n')
}

function truncate(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}
