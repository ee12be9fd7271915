import pino from 'pino'

export type Log = pino.Logger

// pino's `*.key` does not cover a key at the top level, so each is listed both ways.
const SECRETS = [
  'authorization',
  'cookie',
  'set-cookie',
  'x-internal-secret',
  'apiKey',
  'password',
  'parameters',
  'prompt',
]

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
      redact: { paths: SECRETS.flatMap(key => [`["${key}"]`, `*["${key}"]`]), censor: '[redacted]' },
      serializers: { err: describeError },
    },
    pino.destination({ fd: 1, sync: true }),
  )
}

/**
 * An error for the log. Postgres errors carry row values in `detail`, `where` and `parameters`, and queries in `query`:
 * none of these is passed on.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = 'code' in error ? { code: error.code } : {}
  return { name, message: clip(message), ...code, stack, ...(cause ? { cause: describeError(cause) } : {}) }
}

function clip(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}
