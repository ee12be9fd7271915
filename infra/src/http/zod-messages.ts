import { z } from 'zod'

type Issue = z.core.$ZodIssue

const TYPE_NAMES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  nan: 'a number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'text',
}

const MESSAGES: { [Code in Issue['code']]?: (issue: Extract<Issue, { code: Code }>) => string } = {
  invalid_type: ({ expected, input }) =>
    input === undefined ? 'is missing' : `must be ${TYPE_NAMES[expected] ?? `of type ${expected}`}`,
  invalid_value: ({ values }) => `can be ${values.join(', ')}`,
  invalid_format: ({ format }) => (format === 'uuid' ? 'is not a UUID' : 'is not written as it has to be'),
  invalid_key: () => 'is not a name that is taken',
  invalid_union: () => 'is not of a kind that is taken',
  too_big: ({ origin, maximum }) => formatTooBig(origin, maximum),
  too_small: ({ origin, minimum }) => formatTooSmall(origin, minimum),
  unrecognized_keys: ({ keys }) => `has names that are not known here: ${keys.slice(0, 5).map(quoteName).join(', ')}`,
}

/**
 * Formats an issue as a message that can follow the name of the value: `must be a number`, `is missing`. Used where the schema
 * has no message of its own. Never repeats the value.
 */
export function formatIssue(issue: z.core.$ZodRawIssue): string | undefined {
  const formatMessage = MESSAGES[issue.code] as ((issue: z.core.$ZodRawIssue) => string) | undefined
  return formatMessage?.(issue)
}

/** Makes these the default messages of every schema in this process. */
export function installZodMessages(): void {
  z.config({ customError: formatIssue })
}

function formatTooBig(origin: string, maximum: number | bigint): string {
  if (origin === 'string') return `is longer than ${maximum} characters`
  if (origin === 'array') return `has more than ${maximum}`
  return `can be at most ${maximum}`
}

function formatTooSmall(origin: string, minimum: number | bigint): string {
  if (origin === 'string') return Number(minimum) === 1 ? 'is empty' : `is shorter than ${minimum} characters`
  if (origin === 'array') return `has fewer than ${minimum}`
  return `must be at least ${minimum}`
}

/** Quotes a name, because it may contain any characters. */
function quoteName(name: string): string {
  return JSON.stringify(name.length <= 40 ? name : `${name.slice(0, 40).toWellFormed()}…`)
}
